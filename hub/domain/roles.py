"""Who may give which command to an order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hub.domain.events import COMMANDS, OperatorCommanded
from hub.domain.holds import CREDIT
from hub.domain.model import Frozen
from hub.domain.verdict import Refuse

ANY = "*"
_ABOUT_A_HOLD = frozenset(("hold", "release-hold"))


class Role(Frozen, kw_only=True, forbid_unknown_fields=True):
    """What those who have the role may do."""

    may: tuple[str, ...]
    """Commands; `*` is all, and `hold:NAME` or `release-hold:NAME` only that of one hold."""


RoleRules = Mapping[str, Role]


def check(roles: RoleRules, holds: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What makes no sense, as (role, sentence)."""
    for name, role in roles.items():
        for permission in role.may:
            command, _, hold = permission.partition(":")
            if permission != ANY and command not in COMMANDS:
                yield name, f"may: {command!r} is no command; there are {', '.join(COMMANDS)}"
            elif hold and (command not in _ABOUT_A_HOLD or hold not in {CREDIT, *holds}):
                known = ", ".join((CREDIT, *holds))
                yield name, f"may: {permission!r}: only `hold` and `release-hold` are about a hold, of {known}"


def refusal(roles: RoleRules, event: OperatorCommanded) -> Refuse | None:
    """Why the command is not for its role; None if it is. Where no roles are declared, everybody may do everything."""
    if not roles:
        return None
    command = event.command
    hold = (event.target.partition(":")[0] or CREDIT) if command in _ABOUT_A_HOLD else ""
    needed = {ANY, command} | ({f"{command}:{hold}"} if hold else set())
    role = roles.get(event.role)
    if role is not None and not needed.isdisjoint(role.may):
        return None
    may = ", ".join(name for name, each in roles.items() if not needed.isdisjoint(each.may)) or "nobody"
    return Refuse(
        "not-authorised", f"{event.role or 'who has no role'} may not {command} {hold}".rstrip() + f"; {may} may"
    )

"""The queue of the order desk: what is open on orders.exceptions, as cases of one root cause each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from connectors.reading import Reader
from hub.codec import Codec
from hub.domain.effects import ExceptionRaised
from hub.domain.events import Command, OperatorCommanded
from hub.domain.ids import effect_id
from hub.topics import ORDERS_EXCEPTIONS

SOURCE = "/orderhub/exceptions"
"""CloudEvents source of the commands that are sent from here."""


@dataclass(frozen=True, slots=True)
class Case:
    """Open exceptions of one kind and one root: one late supplier, however many orders wait for it."""

    case_id: str
    exceptions: tuple[ExceptionRaised, ...]
    """The latest that was said of each, the oldest first."""

    @property
    def kind(self) -> str:
        """What they are all of."""
        return self.exceptions[0].kind

    @property
    def root(self) -> str:
        """What they all come from."""
        return self.exceptions[0].root

    @property
    def priority(self) -> int:
        """Of the most urgent one."""
        return min(each.priority for each in self.exceptions)

    @property
    def since(self) -> datetime:
        """When the first of them began."""
        return min(_began(each) for each in self.exceptions)

    @property
    def owners(self) -> tuple[str, ...]:
        """Who has them; empty for nobody."""
        return tuple(dict.fromkeys(each.owner for each in self.exceptions))

    @property
    def orders(self) -> tuple[str, ...]:
        """Whom they concern."""
        return tuple(dict.fromkeys(each.order_id for each in self.exceptions))


async def read_queue(reader: Reader, codec: Codec) -> list[Case]:
    """All that is open, the most urgent and then the oldest first."""
    latest: dict[str, ExceptionRaised] = {}
    async for record in reader.held([ORDERS_EXCEPTIONS]):
        raised = codec.decode_as(ExceptionRaised, record.value)
        if raised.action == "closed":
            latest.pop(raised.exception_id, None)
        else:
            latest[raised.exception_id] = raised
    return cases(latest)


def cases(latest: Mapping[str, ExceptionRaised]) -> list[Case]:
    """Open exceptions by root cause. One from before there were cases is a case of its own."""
    found: dict[str, list[ExceptionRaised]] = {}
    for raised in latest.values():
        found.setdefault(raised.case_id or raised.exception_id, []).append(raised)
    together = [Case(case_id, tuple(sorted(members, key=_age))) for case_id, members in found.items()]
    return sorted(together, key=lambda case: (case.priority, case.since, case.case_id))


def chosen(queue: Iterable[Case], name: str) -> list[ExceptionRaised]:
    """The exceptions `name` stands for: the beginning of a case's id or of an exception's; empty if of none or several.

    A case's whole is meant where the name fits a case.
    """
    found = [case for case in queue if case.case_id.startswith(name)]
    if found:
        return list(found[0].exceptions) if len(found) == 1 else []
    single = [each for case in queue for each in case.exceptions if each.exception_id.startswith(name)]
    return single if len(single) == 1 else []


def command_on(
    raised: ExceptionRaised, command: Command, *, owner: str, role: str, reason: str, assignee: str, now: datetime
) -> OperatorCommanded:
    """The command about one exception as it stands: given twice, it is the same event and counts once."""
    about = f"{command} {raised.exception_id} {raised.event_id} {owner} {assignee}"
    return OperatorCommanded(
        event_id=effect_id(raised.order_id, SOURCE, about, 0),
        source=SOURCE,
        occurred_at=now,
        order_id=raised.order_id,
        command=command,
        owner=owner,
        reason=reason,
        target=raised.exception_id,
        role=role,
        assignee=assignee,
    )


def _age(raised: ExceptionRaised) -> tuple[datetime, str]:
    return _began(raised), raised.order_id


def _began(raised: ExceptionRaised) -> datetime:
    return raised.opened_at or raised.occurred_at

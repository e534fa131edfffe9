"""Who may do what in Kafka, declared once: the least that each program gets along with.

`hub topics acls` prints it for `kafka-acls.sh`, `docs/security.md` shows it. A right to read or to write includes the
one to describe (Kafka's own rule), and nobody needs one on the cluster.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

from hub.domain.model import DEPARTMENTS, Department
from hub.topics import (
    CREDIT_STATE,
    CUSTOMER_NOTIFICATIONS,
    HUB_DEAD_LETTER,
    HUB_DEAD_LETTER_AUDIT,
    HUB_PROBE,
    ORDERS_COMMANDS,
    ORDERS_EVENTS,
    ORDERS_EXCEPTIONS,
    ORDERS_STATE,
    SETTLEMENTS,
    SETTLEMENTS_JOURNAL,
    STATEMENTS,
    STATUS_TOPIC,
    TOPICS,
    WORK_TOPIC,
)

Operation = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs"]
ResourceType = Literal["topic", "group", "transactional-id"]


class Grant(NamedTuple):
    """One right: what Kafka calls an ACL, of a principal and from any host."""

    operation: Operation
    resource: ResourceType
    name: str
    prefixed: bool = False
    """Whether `name` is only how the names begin."""


@dataclass(frozen=True, slots=True)
class Role:
    """A program, or a kind of them, that logs in to Kafka with a name of its own."""

    name: str
    doc: str
    commands: tuple[str, ...] = ()
    """Of `hub`, that log in with it; `export` stands for all that begin so."""
    reads: tuple[str, ...] = ()
    """Topics."""
    writes: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    """Topics whose settings it compares with what is declared before it begins."""
    creates: tuple[str, ...] = ()
    groups: str = ""
    """How its consumer groups' ids begin."""
    member: bool = False
    """Whether it is in the consumer group that `HUB_APP_ID` names."""
    transactions: str | None = None
    """How the ids of its transactions go on after `HUB_APP_ID`: exactly so, or in any way where this is empty."""

    @property
    def who(self) -> str:
        """Which program, or whose, and what for."""
        named = ", ".join(f"`hub {command}`" for command in self.commands)
        return f"{named}: {self.doc}" if named else self.doc

    def grants(self, app_id: str) -> Iterator[Grant]:
        """Everything the role needs, and nothing else."""
        for operation, topics in self._topics():
            for topic in topics:
                yield Grant(operation, "topic", topic)
        if self.groups:
            yield Grant("Read", "group", self.groups, prefixed=True)
        if self.member:
            yield Grant("Read", "group", app_id)
        if self.transactions is not None:
            yield Grant("Write", "transactional-id", f"{app_id}-{self.transactions}", prefixed=not self.transactions)

    def _topics(self) -> Iterator[tuple[Operation, tuple[str, ...]]]:
        yield "Read", self.reads
        yield "Write", self.writes
        yield "Create", self.creates
        yield "Describe", tuple(topic for topic in self.checks if topic not in {*self.reads, *self.writes})
        yield "DescribeConfigs", self.checks


def _of(*directions: str) -> tuple[str, ...]:
    return tuple(topic.name for topic in TOPICS.values() if topic.direction in directions)


def _department(department: Department) -> Role:
    return Role(
        department,
        f"The {department} department's program.",
        reads=(WORK_TOPIC[department],),
        writes=(STATUS_TOPIC[department],),
        groups=department,
    )


_INPUTS = _of("in")
_STATES = tuple(topic.name for topic in TOPICS.values() if topic.direction == "internal" and topic.cleanup == "compact")
_DECIDED = tuple(topic for topic in (*_INPUTS, *_of("internal")) if topic not in {STATEMENTS, HUB_PROBE, *_STATES})
"""What the agents take in."""
_LETTERS = (HUB_DEAD_LETTER, HUB_DEAD_LETTER_AUDIT)
_PARTNERS = (CREDIT_STATE, ORDERS_STATE, SETTLEMENTS)
_MAIL = (CREDIT_STATE, CUSTOMER_NOTIFICATIONS)
_WEBHOOKS = (CUSTOMER_NOTIFICATIONS, ORDERS_EXCEPTIONS, ORDERS_STATE, SETTLEMENTS)
_TABLES = (ORDERS_STATE, ORDERS_EXCEPTIONS, SETTLEMENTS, SETTLEMENTS_JOURNAL)

_DECLARED = (
    Role(
        "administrator",
        "whoever installs the hub, for as long as that takes.",
        commands=("topics create", "topics check"),
        creates=tuple(TOPICS),
        checks=tuple(TOPICS),
    ),
    Role(
        "worker",
        "all that is decided.",
        commands=("worker",),
        reads=(*_DECIDED, *_STATES, ORDERS_STATE),
        writes=tuple(topic for topic in _of("out", "internal") if topic not in {HUB_DEAD_LETTER_AUDIT, HUB_PROBE}),
        member=True,
        transactions="",
    ),
    Role(
        "intake",
        "any event in, nothing out.",
        commands=("intake", "send", "collect"),
        writes=_INPUTS,
        checks=_INPUTS,
    ),
    Role("source", "A web shop or CRM that writes its orders to Kafka itself.", writes=(ORDERS_EVENTS,)),
    *map(_department, DEPARTMENTS),
    Role(
        "desk",
        "the order desk, and all a reader may.",
        commands=("exceptions", "order command"),
        reads=tuple(TOPICS),
        writes=(ORDERS_COMMANDS,),
        checks=tuple(TOPICS),
    ),
    Role(
        "letters",
        "refused records sent again, or given up.",
        commands=("dlq replay", "dlq drop"),
        reads=_LETTERS,
        writes=(*_DECIDED, HUB_DEAD_LETTER_AUDIT),
        checks=_LETTERS,
        transactions="dead-letters",
    ),
    Role(
        "doctor",
        "whether all is well.",
        commands=("doctor",),
        reads=(*_INPUTS, HUB_PROBE),
        writes=(HUB_PROBE,),
        checks=tuple(TOPICS),
    ),
    Role(
        "reader",
        "sees all, changes nothing.",
        commands=(
            "order list",
            "order show",
            "order watch",
            "tail",
            "monitor list",
            "monitor explain",
            "rules explain",
            "dlq list",
            "dlq show",
            "reconcile",
            "settle show",
            "settle export",
            "export",
            "insight",
        ),
        reads=tuple(TOPICS),
        checks=tuple(TOPICS),
    ),
    Role(
        "tables",
        "orders, exceptions and settlements in a database.",
        commands=("deliver sql",),
        reads=_TABLES,
        checks=_TABLES,
    ),
    Role(
        "webhooks",
        "what happens, posted to programs of others.",
        commands=("deliver webhooks",),
        reads=_WEBHOOKS,
        checks=_WEBHOOKS,
    ),
    Role(
        "mail",
        "notifications to customers.",
        commands=("deliver mail",),
        reads=_MAIL,
        checks=_MAIL,
    ),
    Role(
        "partners",
        "documents for trading partners.",
        commands=("deliver documents",),
        reads=_PARTNERS,
        checks=_PARTNERS,
    ),
)

ROLES: Mapping[str, Role] = MappingProxyType({role.name: role for role in _DECLARED})
"""Every role by name, in the order of the documentation."""


def commands(role: Role, principal: str, app_id: str) -> Iterator[str]:
    """The calls of `kafka-acls.sh` that give a principal (`User:NAME`) what a role needs.

    Topics with the same rights share a call: it grants every operation on every resource it names.
    """
    rights: dict[tuple[ResourceType, str, bool], list[Operation]] = {}
    for grant in role.grants(app_id):
        rights.setdefault((grant.resource, grant.name, grant.prefixed), []).append(grant.operation)
    alike: dict[tuple[ResourceType, bool, tuple[Operation, ...]], list[str]] = {}
    for (resource, name, prefixed), operations in rights.items():
        alike.setdefault((resource, prefixed, tuple(operations)), []).append(name)
    for (resource, prefixed, granted), names in alike.items():
        yield " ".join(
            (
                "kafka-acls.sh --bootstrap-server $BOOTSTRAP --command-config $ADMIN --add --allow-principal",
                shlex.quote(principal),
                *_flags("operation", granted),
                *_flags(resource, names),
                *(("--resource-pattern-type", "prefixed") if prefixed else ()),
            )
        )


def _flags(name: str, values: Iterable[str]) -> Iterator[str]:
    return (f"--{name} {value}" for value in values)


def matrix() -> str:
    """What every role may do with every topic, as a Markdown table: R reads, W writes, C creates, S sees settings."""
    rows = [("topic", *ROLES), ("---", *(":-:" for _ in ROLES))]
    rows += [(f"`{topic}`", *(_letters(role, topic) for role in ROLES.values())) for topic in TOPICS]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _letters(role: Role, topic: str) -> str:
    rights = (("R", role.reads), ("W", role.writes), ("C", role.creates), ("S", role.checks))
    return "".join(letter for letter, topics in rights if topic in topics)

"""`docs/lifecycle.md`, made from the tables the hub itself goes by, so that it cannot say anything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from hub.domain import lifecycle
from hub.domain.flow.admission import ADMISSION
from hub.domain.flow.joining import TRIGGERS
from hub.domain.order import CommercialStatus
from hub.domain.verdict import Park, Refuse, Verdict

_HEAD = """\
# The life of an order

Made by `./run lifecycle > docs/lifecycle.md` from `hub/domain/lifecycle.py` and `hub/domain/flow/admission.py`; change
those.

An order moves on several axes at once. Every pair of status and trigger is one of:

| In the tables | Meaning |
|---|---|
| a status | legal: that is the next status |
| parked | too early: the event is kept as it came, and tried again after everything that takes effect |
| no effect | too late: nothing is left to do; a report of goods that moved is refused instead, it needs a person |
| (empty) | cannot happen; the hub would end rather than go on with a state it does not understand |
"""

_AXES: tuple[tuple[str, str, Mapping[Any, Mapping[Any, str]]], ...] = (
    ("Commercial", "Where the order stands between the customer and the seller.", lifecycle.COMMERCIAL),
    ("Credit", "What the customer's account says to the order.", lifecycle.CREDIT),
    ("Billing", "What is claimed and what is paid.", lifecycle.BILLING),
    ("Work", "Each department's work order on this order: production, procurement and logistics.", lifecycle.WORK),
)
_SHOWN = {lifecycle.EARLY: "parked", lifecycle.LATE: "no effect"}


def lifecycle_page() -> str:
    """The page, in Markdown with Mermaid diagrams."""
    return "\n".join([_HEAD, *(_axis(*axis) for axis in _AXES), _reports(), _admission()])


def _axis(name: str, what: str, table: Mapping[str, Mapping[str, str]]) -> str:
    triggers = list(dict.fromkeys(trigger for row in table.values() for trigger in row))
    cells = ((status, *(_cell(row.get(trigger, "")) for trigger in triggers)) for status, row in table.items())
    return "\n".join(
        [f"## {name}\n\n{what}\n", "```mermaid", *_diagram(table), "```\n", *_table(["", *triggers], cells), ""]
    )


def _cell(following: str) -> str:
    return _SHOWN.get(following, following)


def _diagram(table: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """The transitions that lead elsewhere, those between the same two statuses as one arrow."""
    yield "stateDiagram-v2"
    yield f"  [*] --> {_node(next(iter(table)))}"
    for status, row in table.items():
        arrows: dict[str, list[str]] = {}
        for trigger, following in row.items():
            if following not in _SHOWN and following != status:
                arrows.setdefault(following, []).append(trigger)
        for following, triggers in arrows.items():
            yield f"  {_node(status)} --> {_node(following)}: {', '.join(triggers)}"


def _node(status: str) -> str:
    """Mermaid takes no hyphens in the name of a state."""
    return status.replace("-", "_")


def _reports() -> str:
    rows = ((f"`{kind}`", trigger) for kind, trigger in TRIGGERS.items())
    what = "What a department reports asks for a transition of its work order:\n"
    return "\n".join([what, *_table(["report", "trigger"], rows), ""])


def _admission() -> str:
    statuses = get_args(CommercialStatus)
    rows = (
        (f"`{event.__name__}`", *(_verdict(by_status[status]) for status in statuses))
        for event, by_status in ADMISSION.items()
    )
    what = (
        "## Which events an order takes\n\n"
        "By commercial status. *taken* means that the event is looked at, and may still be refused for what it says;\n"
        "the code of every other outcome is in the journal, or in the header `hub-dlq-code` of the dead letter.\n"
    )
    return "\n".join([what, *_table(["", *statuses], rows), ""])


def _verdict(verdict: Verdict) -> str:
    if verdict is None:
        return "taken"
    kind = "parked" if isinstance(verdict, Park) else "refused" if isinstance(verdict, Refuse) else "no effect"
    return f"{kind}: `{verdict.code}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"

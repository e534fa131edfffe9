"""An order's story on a terminal: who did what and when, what was decided by which rule, and who was told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from hub.cli.words import number, when
from hub.codec import Codec
from hub.domain.effects import CustomerNotified, WorkOrderIssued, WorkOrderLine
from hub.domain.events import (
    CapacityDecided,
    CreditCheck,
    CreditDecided,
    DuplicateCleared,
    Fact,
    OperatorCommanded,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderPaid,
    OrderPlaced,
    StatusReported,
    TimerFired,
)
from hub.domain.journal import JournalEntry
from hub.domain.model import Department

Sent = WorkOrderIssued | CustomerNotified
"""What the story tells of what the hub sent; exceptions and settlements are among what was decided."""

_SELF_TOLD = (StatusReported, OrderPaid, CapacityDecided)
"""Of these, what was decided says what happened as well."""
_OUTCOMES = {"duplicate": "dim", "ignored": "dim", "parked": "yellow"}
_LATE = timedelta(minutes=1)
"""What happened longer before the hub heard of it is told with its own time."""
_NO_THRESHOLD = "any"


class Chapter(NamedTuple):
    """One entry of the journal with what it says."""

    entry: JournalEntry
    event: Fact
    sent: Sequence[Sent]


def chapters(journal: Sequence[JournalEntry], sent: Mapping[str, Sent], codec: Codec) -> list[Chapter]:
    """The journal with its events, and the messages that are known of those each decision sent."""
    return [
        Chapter(entry, codec.decode(entry.payload), [sent[each] for each in entry.effect_ids if each in sent])
        for entry in journal
    ]


def last_heard(story: Sequence[Chapter], department: Department) -> datetime | None:
    """When the department was given work or last said something."""
    for entry, event, sent in reversed(story):
        spoke = isinstance(event, StatusReported) and event.department == department and entry.outcome == "applied"
        if spoke or any(isinstance(each, WorkOrderIssued) and each.department == department for each in sent):
            return entry.decided_at
    return None


def story_table(story: Sequence[Chapter]) -> Table:
    """A row for each entry."""
    table = Table("", "when (UTC)", "who", "what", box=None, pad_edge=False, header_style="dim")
    for chapter in story:
        entry, event, _ = chapter
        times = Text(when(entry.decided_at))
        if entry.decided_at - event.occurred_at > _LATE:
            times.append(f"\nof {when(event.occurred_at)}", style="dim")
        table.add_row(str(entry.entry), times, _who(event), Text("\n").join(_what(chapter)))
    return table


def _who(event: Fact) -> Text:
    match event:
        case TimerFired():
            return Text("the clock")
        case CreditDecided() | DuplicateCleared():
            return Text("the credit account")
        case CapacityDecided(node=node):
            return Text(node)
        case OperatorCommanded(owner=owner, role=role):
            name = f"{owner}, {role}" if role else owner
        case StatusReported(department=department, node=node):
            name = f"{department}, {node}" if node else department
        case OrderPlaced() | OrderChanged() | OrderCancelled() | OrderConfirmed():
            name = "the buyer"
        case _:
            return Text(event.source)
    return Text.assemble(name, (f" ({event.source})", "dim"))


def _what(chapter: Chapter) -> Iterator[Text]:
    entry, event, sent = chapter
    decided = list(entry.explanations)
    if isinstance(event, _SELF_TOLD) and decided:
        yield Text(decided.pop(0))  # it says the same, and what became of it
    else:
        happened = Text(_told(event))
        if entry.outcome != "applied":
            happened.append(f" [{entry.outcome}]", style=_OUTCOMES[entry.outcome])
        yield happened
    if isinstance(event, CreditDecided):
        yield from _checked(event.checks)
    if entry.detail:
        yield Text(entry.detail, style="yellow")
    for sentence in decided:
        if not isinstance(event, OperatorCommanded) or f" commanded {event.command}" not in sentence:
            yield Text(sentence, style="dim")
    for message in sent:
        yield Text(f"→ {_sent(message)}", style="cyan")


def _told(event: Fact) -> str:  # noqa: C901, PLR0911 - one case for each type of event
    """An event in words."""
    match event:
        case OrderPlaced(purchase_order=number_of_theirs):
            return f"placed the order{f' as {number_of_theirs}' if number_of_theirs else ''}"
        case OrderChanged(revision=revision, reason=reason):
            return f"changed the order, revision {revision}{_because(reason)}"
        case OrderCancelled(reason=reason):
            return f"cancelled the order{_because(reason)}"
        case OrderConfirmed(accepted=accepted, reason=reason):
            return f"{'confirmed' if accepted else 'declined'} the order{_because(reason)}"
        case OrderPaid(amount=amount, currency=currency):
            return f"{abs(amount)} {currency} were {'paid' if amount > 0 else 'sent back'}"
        case StatusReported(kind=kind, lines=lines, reason=reason):
            goods = ", ".join(f"{number(each.quantity)} {each.unit or ''} of line {each.line_id}" for each in lines)
            return f"reported {kind}{f': {goods}' if goods else ''}{_because(reason)}".replace("  ", " ")
        case OperatorCommanded(command=command, target=target, assignee=assignee, reason=reason):
            about = f"{f' {target}' if target else ''}{f' to {assignee}' if assignee else ''}"
            return f"commanded {command}{about}{_because(reason)}"
        case CapacityDecided():
            return "answered what it has the capacity for"
        case DuplicateCleared(duplicate_of=other):
            return f"said that order {other} was cancelled, which had come first under the same number"
        case CreditDecided(granted=granted):
            return "granted credit" if granted else "refused credit"
        case TimerFired(occurred_at=due):
            return f"it was {when(due)}"
    return type(event).__name__


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _checked(checks: Sequence[CreditCheck]) -> Iterator[Text]:
    """Every rule that failed, those that passed a threshold, and those without one."""
    for check in checks:
        if not check.passed:
            yield Text(f"FAILED {check.rule}: {check.value} against {check.threshold}", style="red")
    passed = [check for check in checks if check.passed]
    told = ", ".join(map(_passed, (check for check in passed if check.threshold != _NO_THRESHOLD)))
    others = ", ".join(check.rule for check in passed if check.threshold == _NO_THRESHOLD)
    if told:
        yield Text(f"passed: {told}", style="dim")
    if others:
        yield Text(f"without a threshold: {others}", style="dim")


def _passed(check: CreditCheck) -> str:
    """A rule with its numbers; where the value is the threshold there is nothing to compare."""
    return check.rule if check.value in check.threshold else f"{check.rule} ({check.value} against {check.threshold})"


def _sent(message: Sent) -> str:
    if isinstance(message, CustomerNotified):
        return f"the customer: {message.text}"
    goods = ", ".join(map(_asked, message.lines))
    asked = {"create": "is asked for", "change": "is now asked for", "cancel": "is asked for nothing any more"}
    return f"{message.department} {asked[message.action]} {goods}".rstrip()


def _asked(part: WorkOrderLine) -> str:
    node = f" at {part.node}" if part.node else ""
    return f"{number(part.quantity)} {part.unit} of line {part.line_id}{node}"

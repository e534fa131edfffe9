"""Lists of goods that somebody outside keeps, held against what was reported to the hub, order line by order line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from hub.domain import amounts
from hub.domain.model import Frozen, OrderLine
from hub.domain.money import exact, round_half_up
from hub.domain.order import ZERO
from hub.domain.reconciliation.dossier import Period, day_of
from hub.domain.reconciliation.findings import Findings
from hub.domain.reconciliation.matching import Entry, Group, match, total
from hub.domain.statements import ItemStated
from hub.domain.units import convert

Spans = Mapping[tuple[str, str], tuple[date, date]]
"""Lists by subject and party, and the first and the last day of what each states."""


class Reported(Frozen):
    """Goods of one line that a department reported as delivered, or as sent back if negative."""

    event_id: str
    line_id: str
    quantity: Decimal
    """In the line's unit."""
    occurred_at: datetime
    reference: str = ""


def name_of(item: ItemStated) -> str:
    """What a discrepancy calls an item of a list."""
    return f"{item.statement_id} {item.event_id}"


def match_lists(
    findings: Findings,
    lines: Sequence[OrderLine],
    currency: str,
    *,
    items: Sequence[ItemStated],
    reports: Sequence[Reported],
    period: Period,
    spans: Spans,
) -> Counter[str]:
    """Notes how the lists of `spans` differ from the reports; how often which shape of match was found.

    A department's list is held to have everything that was delivered on its days, any other what it names orders of.
    """
    shapes: Counter[str] = Counter()
    with exact():
        for which, days in spans.items():
            mine = [item for item in items if (item.subject, item.party) == which]
            if mine or which[0] == "deliveries":
                one = _List(findings, {line.line_id: line for line in lines}, currency, days)
                shapes += one.match(mine, reports, period)
    return shapes


class _List:
    """One list, as far as it is about one order."""

    def __init__(self, findings: Findings, lines: dict[str, OrderLine], currency: str, days: tuple[date, date]) -> None:
        self._findings = findings
        self._lines = lines
        self._currency = currency
        self._first, self._last = days

    def match(self, items: Sequence[ItemStated], reports: Sequence[Reported], period: Period) -> Counter[str]:
        """Notes what differs; the shapes of the matches."""
        by_line: defaultdict[str, tuple[list[Entry], list[Entry]]] = defaultdict(lambda: ([], []))
        for item in items:
            line = self._lines.get(item.line_id)
            quantity = _quantity(item, line)
            if line is None or quantity is None:
                none = item.quantity or ZERO
                self._findings.note("not-reported", ZERO, line_id=item.line_id, quantity=none, stated=(name_of(item),))
                continue
            by_line[item.line_id][0].append(_entry(name_of(item), quantity, item.occurred_at, item.references))
            self._note_price(line, item)
        knows_returns = any(item.quantity is not None and item.quantity < ZERO for item in items)
        for report in reports:
            if report.quantity < ZERO and not knows_returns:
                continue
            references = (report.reference,) if report.reference else ()
            by_line[report.line_id][1].append(_entry(report.event_id, report.quantity, report.occurred_at, references))
        late = {each.event_id for each in reports if period.ended_before(each.occurred_at)}
        shapes: Counter[str] = Counter()
        for line_id, (left, right) in by_line.items():
            if (line := self._lines.get(line_id)) is not None:
                again = repetitions(left)
                for group in _pooled(match(left, right)):
                    shapes[group.shape] += 1
                    self._note(line, group, again, late)
        return shapes

    def _note(self, line: OrderLine, group: Group, again: set[str], late: set[str]) -> None:
        if not group.left and not any(self._first <= entry.on <= self._last for entry in group.right):
            return
        if off := group.off:
            cause, events = _cause(group, again), [entry.key for entry in group.right]
        elif later := [entry for entry in group.right if entry.key in late]:
            cause, off, events = "reported-later", total(later), [entry.key for entry in later]
        else:
            return
        self._findings.note(
            cause,
            amounts.net(line, off, self._currency),
            line_id=line.line_id,
            apart=(group.left or group.right)[0].key,
            quantity=off,
            expected=total(group.right),
            event_ids=events,
            stated=[entry.key for entry in group.left],
        )

    def _note_price(self, line: OrderLine, item: ItemStated) -> None:
        price = line.price / line.base_quantity
        if item.price is not None and item.quantity and item.price != price:
            off = item.price - price
            amount = round_half_up(off * item.quantity, self._currency)
            about = (name_of(item),)
            self._findings.note(
                "stated-price", amount, line_id=line.line_id, expected=price, price_off=off, stated=about
            )


def _quantity(item: ItemStated, line: OrderLine | None) -> Decimal | None:
    """In the line's unit; None if there is no such line, or nothing converts."""
    if line is None or item.quantity is None:
        return None
    return convert(item.quantity, item.unit or None, line.unit)


def _entry(key: str, quantity: Decimal, at: datetime, references: Iterable[str]) -> Entry:
    return Entry(key, quantity, day_of(at), frozenset(references))


def _pooled(groups: Sequence[Group]) -> list[Group]:
    """What stands alone on both sides of one line is about the same goods."""
    alone = [group for group in groups if not (group.left and group.right)]
    left = tuple(entry for group in alone for entry in group.left)
    right = tuple(entry for group in alone for entry in group.right)
    if not (left and right):
        return list(groups)
    return [*(group for group in groups if group.left and group.right), Group(left, right)]


def _cause(group: Group, again: set[str]) -> str:
    twice = [entry for entry in group.left if entry.key in again]
    if twice and total(twice) == group.off:
        return "stated-twice"
    if not group.right:
        return "not-reported"
    if not group.left:
        return "not-stated"
    return "stated-less" if group.off < ZERO else "stated-more"


def repetitions(entries: Iterable[Entry]) -> set[str]:
    """The keys of entries that say what an older one says: same references, day and amount."""
    said: dict[tuple[object, ...], str] = {}
    return {
        entry.key
        for entry in sorted(entries, key=lambda entry: (entry.on, entry.key))
        if said.setdefault((entry.references, entry.on, entry.amount), entry.key) != entry.key
    }

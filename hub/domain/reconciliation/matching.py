"""Two lists of amounts matched: by what they refer to, one to one, one to many and many to one.

Deterministic: what is older is matched first, and the order of the lists does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from hub.domain.model import Frozen
from hub.domain.order import ZERO

_CANDIDATES = 12
"""Most entries of which sums are tried: 4,095 of them."""

Shape = Literal["one-to-one", "one-to-many", "many-to-one", "many-to-many", "left-only", "right-only"]


class Entry(Frozen):
    """One amount, or quantity, on either list."""

    key: str
    """What it is called in its list."""
    amount: Decimal
    on: date
    references: frozenset[str] = frozenset()


class Group(Frozen):
    """Entries of both lists that are about the same."""

    left: tuple[Entry, ...]
    right: tuple[Entry, ...]

    @property
    def off(self) -> Decimal:
        """By how much the left exceeds the right."""
        return total(self.left) - total(self.right)

    @property
    def shape(self) -> Shape:
        """How many entries are matched with how many."""
        if not self.right:
            return "left-only"
        if not self.left:
            return "right-only"
        if len(self.left) == 1:
            return "one-to-one" if len(self.right) == 1 else "one-to-many"
        return "many-to-one" if len(self.right) == 1 else "many-to-many"


def total(entries: Iterable[Entry]) -> Decimal:
    """What entries add up to."""
    return sum((entry.amount for entry in entries), ZERO)


def match(left: Iterable[Entry], right: Iterable[Entry]) -> list[Group]:
    """Every entry in exactly one group.

    First whatever shares a reference, directly or through others. Of the rest, equal amounts one to one, nearest dates
    first; then an entry that is the sum of several on the other side. What is left stands alone.
    """
    left, right = sorted(left, key=_age), sorted(right, key=_age)
    groups, left, right = _by_reference(left, right)
    for entry in left[:]:
        equal = [other for other in right if other.amount == entry.amount]
        if equal:
            nearest = min(equal, key=lambda other: (abs((other.on - entry.on).days), _age(other)))
            groups.append(Group((entry,), (nearest,)))
            left.remove(entry)
            right.remove(nearest)
    for entry in left[:]:
        if parts := _parts(entry.amount, right):
            groups.append(Group((entry,), parts))
            left.remove(entry)
            right = [other for other in right if other not in parts]
    for entry in right[:]:
        if parts := _parts(entry.amount, left):
            groups.append(Group(parts, (entry,)))
            right.remove(entry)
            left = [other for other in left if other not in parts]
    groups += [Group((entry,), ()) for entry in left]
    groups += [Group((), (entry,)) for entry in right]
    return groups


def _age(entry: Entry) -> tuple[date, str]:
    return entry.on, entry.key


def _by_reference(left: Sequence[Entry], right: Sequence[Entry]) -> tuple[list[Group], list[Entry], list[Entry]]:
    """The groups that references make, and what is in none."""
    known = _references(left) & _references(right)
    parent: dict[str, str] = {}

    def find(reference: str) -> str:
        while (up := parent.setdefault(reference, reference)) != reference:
            parent[reference] = reference = parent[up]
        return reference

    for entry in (*left, *right):
        shared = sorted(entry.references & known)
        for reference in shared[1:]:
            parent[find(reference)] = find(shared[0])
    sides: defaultdict[str, tuple[list[Entry], list[Entry]]] = defaultdict(lambda: ([], []))
    rest: tuple[list[Entry], list[Entry]] = ([], [])
    for number, side in enumerate((left, right)):
        for entry in side:
            shared = sorted(entry.references & known)
            (sides[find(shared[0])] if shared else rest)[number].append(entry)
    groups = []
    for lefts, rights in sides.values():
        if lefts and rights:
            groups.append(Group(tuple(lefts), tuple(rights)))
        else:
            rest[0].extend(lefts)
            rest[1].extend(rights)
    return groups, sorted(rest[0], key=_age), sorted(rest[1], key=_age)


def _references(entries: Iterable[Entry]) -> set[str]:
    return {reference for entry in entries for reference in entry.references}


def _parts(amount: Decimal, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The fewest of the oldest entries that add up to `amount`: at least two, or none."""
    sums: dict[Decimal, tuple[Entry, ...]] = {ZERO: ()}
    for entry in entries[:_CANDIDATES]:
        for known, parts in list(sums.items()):
            added = known + entry.amount
            if len(sums.get(added, entries)) > len(parts) + 1 or added not in sums:
                sums[added] = (*parts, entry)
    found = sums.get(amount, ())
    return found if len(found) > 1 else ()

"""The journal quotes every rule that decides something, and no other: what is read out of it is what the rules said."""

from __future__ import annotations

from pathlib import Path

from hub.domain.insight.figures import RuleName
from hub.domain.review import ItemFacts, LineReview, OrderFacts, OrderReview
from hub.rules import RuleReviewer, load_reviewer, load_router
from hub.rules.quotes import Quotes
from tests.support.histories import journal, told
from tests.support.orders import Story, line

ALLOCATION = """
rules:
  - {name: "a", when: item_id == "ST-1", assign: logistics}
  - {name: "a, ready b", when: item_id == "ST-2", assign: logistics}
  - {name: "never", when: quantity > 900.0, assign: production}
  - {name: "other", assign: [production, procurement]}
"""
REVIEW = """
order:
  - {name: small, when: value < 20.0, severity: warn, field: value, remedy: "ask: small; or not"}
  - {name: "small; or not", when: value < 1.0, severity: warn, field: value, remedy: ask}
  - {name: no-number, when: purchase_order == "none", severity: hold, field: purchase_order, remedy: ask}
  - {name: forbidden, when: note == "forbidden", severity: refuse, field: note, remedy: none}
lines:
  - {name: small, when: quantity < 2.0, severity: warn, field: quantity, remedy: more}
  - {name: odd, when: item_id == "XX-1", severity: hold, field: item_id, remedy: ask, hold: credit-desk, holds: line}
"""
CLASSES = """
order_class:
  - {name: big, when: value > 500.0, is: large}
  - {name: rest, is: "standard, by class large by big"}
priority:
  - {name: rest, is: normal}
region:
  - {name: here, when: country == "DE", is: here}
  - {name: there, is: there}
supply:
  - {name: own, when: 'item_id.startsWith("MK-")', is: make}
  - {name: rest, is: buy}
"""


class Overheard(RuleReviewer):
    """Notes which rules it went by."""

    heard: set[tuple[str, str, str]]

    def order(self, facts: OrderFacts) -> OrderReview:
        said = super().order(facts)
        sections = zip(("order_class", "priority", "region"), said.because, strict=True)
        self.heard |= {("classes.yaml", section, rule) for section, rule in sections if rule}
        self.heard |= {("review.yaml", "order", each.check) for each in said.findings}
        return said

    def line(self, facts: ItemFacts) -> LineReview:
        said = super().line(facts)
        if said.because:
            self.heard.add(("classes.yaml", "supply", said.because))
        self.heard |= {("review.yaml", "lines", each.check) for each in said.findings}
        return said


def rules_in(directory: Path) -> Path:
    for name, text in (("allocation", ALLOCATION), ("review", REVIEW), ("classes", CLASSES)):
        (directory / f"{name}.yaml").write_text(text)
    return directory


def story(directory: Path, order_id: str, *items: str, quantity: int = 5, **fields: str) -> tuple[Story, set[RuleName]]:
    """An order decided by the rules of a directory, and the rules it was decided by."""
    told_of = Story(order_id=order_id)
    told_of.router = load_router(directory)  # type: ignore[assignment]
    reviewer = load_reviewer(directory)
    reviewer.__class__ = Overheard
    assert isinstance(reviewer, Overheard)
    reviewer.heard = set()
    told_of.reviewer = reviewer
    told_of.place(*(line(str(place), item, quantity) for place, item in enumerate(items, 1)), **fields)
    given = {RuleName("allocation.yaml", "", each.rule) for state in told_of.order.lines for each in state.allocations}
    return told_of, given | {RuleName(*each) for each in reviewer.heard}


def quoted(told_of: Story, quotes: Quotes) -> set[RuleName]:
    return quotes.quoted(sentence for entry, _ in journal(told_of) for sentence in entry.explanations)


def test_what_the_journal_quotes_is_what_the_rules_said(tmp_path: Path) -> None:
    directory = rules_in(tmp_path)
    quotes = Quotes(load_router(directory), load_reviewer(directory))
    together: set[RuleName] = set()
    for number, (told_of, said) in enumerate(
        (
            story(directory, "A", "ST-1", "ST-2", "MK-1"),
            story(directory, "B", "ST-1", quantity=1),
            story(directory, "C", "XX-1", "MK-1"),
            story(directory, "D", "MK-1", quantity=100, note="forbidden"),
            story(directory, "E", "MK-1", purchase_order="none"),
        )
    ):
        assert quoted(told_of, quotes) == said, number
        together |= said
    assert {rule.name for rule in quotes.rules - together} == {"never", "small; or not", "there"}
    assert len(quotes.rules) == 4 + 6 + 7


def test_the_hubs_own_rules_are_read_from_what_becomes_of_orders() -> None:
    quotes = Quotes(load_router(), load_reviewer())
    found = {rule for each in told(80, seed=2) for rule in quoted(each, quotes)}
    assert {
        RuleName("allocation.yaml", "", "on-stock"),
        RuleName("classes.yaml", "supply", "number-of-what-is-made"),
        RuleName("classes.yaml", "order_class", "wanted-soon"),
        RuleName("classes.yaml", "region", "domestic"),
    } < found
    assert found < quotes.rules


def test_a_rule_that_is_no_more_is_not_taken_for_one_whose_name_it_begins_with(tmp_path: Path) -> None:
    directory = rules_in(tmp_path)
    quotes = Quotes(load_router(directory), load_reviewer(directory))
    assert quotes.quoted(["line 1: 5 to logistics by rule other-than-now", "warned of odd-ones: x is 'y': z"]) == set()


def test_of_rules_that_are_none_nothing_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "allocation.yaml").write_text("rules: []")
    (tmp_path / "review.yaml").write_text("order: []\nlines: []")
    (tmp_path / "classes.yaml").write_text("order_class: []\npriority: []\nregion: []\nsupply: []")
    quotes = Quotes(load_router(tmp_path), load_reviewer(tmp_path))
    assert quotes.rules == frozenset()
    assert quotes.quoted(["line 1: 5 to logistics by rule x", "classified: by no rule", "warned of : x"]) == set()

"""Allocation rules: which candidates they give, and what is said of a faulty one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.domain.routing import LineFacts
from hub.errors import ConfigError
from hub.rules import RuleRouter, load_router
from hub.rules.allocation import parse_rules


def facts(**fields: Any) -> LineFacts:
    values: dict[str, Any] = {
        "item_id": "MK-1",
        "quantity": Decimal(5),
        "unit": "C62",
        "price": Decimal(10),
        "country": "DE",
        "postal_code": "28217",
        "customer_id": "C-1",
        "seller_id": "ACME",
        "priority": "normal",
        "order_class": "standard",
        "currency": "EUR",
    }
    return LineFacts(**(values | fields))


def ask(rules: str, **fields: Any) -> list[tuple[str, str]]:
    router = RuleRouter(parse_rules(rules, "rules.yaml"))
    return [(each.department, each.rule) for each in router.candidates(facts(**fields))]


def test_the_rules_that_come_with_the_hub_say_what_they_say() -> None:
    router = load_router()
    given = {
        supply: [(each.department, each.rule) for each in router.candidates(facts(supply=supply))]
        for supply in ("stock", "make", "buy", "")
    }
    assert given == {
        "stock": [("logistics", "on-stock"), ("procurement", "on-stock")],
        "make": [("production", "made-here"), ("procurement", "made-here")],
        "buy": [("procurement", "bought-in")],
        "": [("procurement", "anything-else")],
    }


SPECIFIC = """
rules:
  - {name: by-country, match: {country: DE}, assign: logistics, priority: 99}
  - {name: by-item, match: {item_id: [MK-1, MK-2]}, assign: procurement}
  - {name: by-class, match: {order_class: urgent}, assign: production}
  - {name: by-seller, match: {seller_id: ACME}, assign: procurement}
  - {name: by-seller-and-item, match: {seller_id: ACME, item_id: MK-1}, assign: logistics}
"""


def test_the_most_specific_rule_wins_whatever_the_priority() -> None:
    assert ask(SPECIFIC, seller_id="", order_class="urgent") == [
        ("production", "by-class"),
        ("procurement", "by-item"),
        ("logistics", "by-country"),
    ]
    assert ask(SPECIFIC)[:2] == [("logistics", "by-seller-and-item"), ("procurement", "by-seller")]


def test_each_attribute_weighs_more_than_all_those_after_it_together() -> None:
    weights = {"seller_id": "ACME", "order_class": "urgent", "item_id": "MK-1", "item_class": "steel", "country": "DE"}
    weights["region"] = "domestic"
    names = list(weights)
    rules = ["rules:"]
    for place, name in enumerate(names):
        rules.append(f"  - {{name: by-{name}, match: {{{name}: {weights[name]}}}, assign: production}}")
        rest = ", ".join(f"{other}: {weights[other]}" for other in names[place + 1 :])
        rules.append(f"  - {{name: after-{name}, match: {{{rest}}}, assign: logistics, priority: 9}}")
    parsed = parse_rules("\n".join(rules), "rules.yaml")
    asked = [each.rule for each in RuleRouter(parsed).verdicts(facts(**weights)) if not each.objection]
    places = {rule: place for place, rule in enumerate(asked)}
    assert len(places) == 2 * len(names)
    assert all(places[f"by-{name}"] < places[f"after-{name}"] for name in names)


def test_among_equals_priority_decides_and_then_the_name() -> None:
    rules = """
rules:
  - {name: b, assign: production}
  - {name: a, assign: procurement}
  - {name: z, assign: logistics, priority: 1}
"""
    assert ask(rules) == [("logistics", "z"), ("procurement", "a"), ("production", "b")]


def test_a_department_is_named_once_by_the_first_rule_that_does() -> None:
    rules = """
rules:
  - {name: a, assign: [production, procurement]}
  - {name: b, assign: [procurement, logistics]}
"""
    assert ask(rules) == [("production", "a"), ("procurement", "a"), ("logistics", "b")]


def test_conditions_read_texts_and_numbers() -> None:
    rules = """
rules:
  - name: large-series
    when: quantity >= 1000 && (country in ["DE", "AT"] || price < 2.5)
    assign: production
"""
    assert ask(rules, quantity=Decimal(1000)) == [("production", "large-series")]
    assert ask(rules, quantity=Decimal("999.999999")) == []
    assert ask(rules, quantity=Decimal(1000), country="FR") == []
    assert ask(rules, quantity=Decimal(1000), country="FR", price=Decimal("2.49")) == [("production", "large-series")]


def test_answers_are_remembered_by_what_the_rules_read_only() -> None:
    router = RuleRouter(parse_rules("rules:\n  - {name: a, when: country == 'DE', assign: production}", "rules.yaml"))
    for quantity in range(100):
        assert router.candidates(facts(quantity=Decimal(quantity)))
    assert router._answers.cache_info().misses == 1
    assert not router.candidates(facts(country="FR"))


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("rules: [", "rules.yaml is not YAML"),
        ("", "rules.yaml holds no rules"),
        ("- a", "rules.yaml holds no rules"),
        ("rules: 5", "with a list, and nothing else"),
        ("rules: []\nextra: 1", "with a list, and nothing else"),
        ("rules:\n  - 5", "line 2: a rule has a name"),
        ("rules:\n  - {assign: production}", "line 2: rule without a name: name: Field required"),
        ("rules:\n  - name: a\n    assign: sales", "line 3: rule a: assign: Value error, sales is neither"),
        ("rules:\n  - name: a\n    assign: []", "line 3: rule a: assign:"),
        ("rules:\n  - name: a\n    assign: production\n    priority: high", "line 4: rule a: priority:"),
        ("rules:\n  - name: a\n    assign: production\n    match: {colour: red}", "line 4: rule a: match.colour:"),
        ("rules:\n  - name: a\n    assign: production\n    wen: x", "rule a: wen: Extra inputs are not permitted"),
        ("rules:\n  - name: a\n    name: b\n    assign: production", "line 3: name is given twice"),
        (
            "rules:\n  - {name: a, assign: production}\n  - {name: a, assign: logistics}",
            "line 3: a rule a stands above already",
        ),
        ("rules:\n  - name: a\n    assign: production\n    when: country ==", "line 4: rule a: when: Failed to parse"),
        (
            "rules:\n  - name: a\n    assign: production\n    when: colour == 'red'",
            "line 4: rule a: when: colour is no fact",
        ),
        (
            "rules:\n  - name: a\n    assign: production\n    when: country.upper() == 'DE'",
            "line 4: rule a: when: Undefined",
        ),
        ("rules:\n  - name: a\n    assign: production\n    when: country", "line 4: rule a: when: gives '' where"),
        (
            "rules:\n  - name: a\n    assign: production\n    when: quantity > 'x'",
            "line 4: rule a: when: No such overload",
        ),
        (
            "rules:\n  - name: a\n    assign: production\n    when: 1 / 0 == 1",
            "line 4: rule a: when: division by zero in CEL",
        ),
        (
            "rules:\n  - name: a\n    assign: production\n    when: 9223372036854775807 + 1 > 0",
            "line 4: rule a: when: Arithmetic overflow in 'add'",
        ),
        (
            "rules:\n  - name: a\n    assign: production\n    when: '[1][2] == 1'",
            "line 4: rule a: when: index out of bounds",
        ),
        (
            "rules:\n  - name: a\n    assign: production\n    when: '{\"DE\": true}[country]'",
            "line 4: rule a: when: there is no '' in it",
        ),
        (
            f"rules:\n  - name: a\n    assign: production\n    when: {'country' + '.x' * 50_000}",
            "line 4: rule a: when: it is 100007 characters long, and 4000 is the most",
        ),
        (
            "rules:\n  - name: a\n    assign: production\n    when: country == 'DE' && quantity > 7 && item_id > 3",
            "line 4: rule a: when: No such overload",
        ),
    ],
)
def test_a_faulty_rule_is_found_when_it_is_loaded_with_file_line_and_rule(rules: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_rules(rules, "rules.yaml")
    assert said in str(raised.value)
    assert "rules.yaml" in str(raised.value)


def test_missing_rules_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"allocation\.yaml cannot be read"):
        load_router(tmp_path)


def test_rules_of_ones_own_are_taken_from_ones_own_directory(tmp_path: Path) -> None:
    (tmp_path / "allocation.yaml").write_text("rules:\n  - {name: mine, assign: logistics}\n")
    assert load_router(tmp_path).candidates(facts())[0].rule == "mine"

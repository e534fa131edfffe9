"""The files an order is reviewed by: what is said of faulty ones, and whose directory they are read from."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import cel
import pytest

from hub.domain.review import ItemFacts, OrderFacts
from hub.errors import ConfigError
from hub.rules import RULES_DIR, load_reviewer
from hub.rules.condition import Condition, fault, vocabulary_of
from hub.rules.review import parse_checks, parse_classes

CHECK = "{name: a, when: value > 1.0, severity: hold, field: value, remedy: ask}"
CLASSES = "order_class: []\npriority: []\nregion: []\nsupply: []"


def check(**fields: str) -> str:
    rule = {"name": "a", "when": "value > 1.0", "severity": "hold", "field": "value", "remedy": "ask"} | fields
    return "order:\n  - " + "\n    ".join(f"{name}: {value}" for name, value in rule.items() if value) + "\nlines: []"


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("order: []", "shall hold `order:`, `lines:` with a list"),
        (check(when=""), "line 2: rule a: when: Field required"),
        (check(when='""'), "line 3: rule a: when: String should have at least 1 character"),
        (check(when="quantity > 1.0"), "line 3: rule a: when: quantity is no fact of an order"),
        (check(severity="maybe"), "line 4: rule a: severity: Input should be 'refuse', 'hold' or 'warn'"),
        (check(field="quantity"), "line 5: rule a: field: Value error, quantity is none of the facts"),
        (check(remedy='""'), "line 6: rule a: remedy: String should have at least 1 character"),
        (check(holds="line"), "rule a: holds: Extra inputs are not permitted"),
        (f"order: [{CHECK}, {CHECK}]\nlines: []", "line 1: a rule a stands above already"),
        (f"order: []\nlines: [{CHECK}]", "line 2: rule a: field: Value error, value is none of the facts"),
    ],
)
def test_a_faulty_check_is_found_when_it_is_loaded(rules: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_checks(rules, "review.yaml")
    assert said in str(raised.value)
    assert "review.yaml" in str(raised.value)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (CLASSES.replace("supply: []", "supply: [{name: a, is: steal}]"), "line 4: rule a: is: Input should be"),
        (CLASSES.replace("region: []", "region: [{name: a, is: NO}]"), "line 3: rule a: is: Input should be a valid s"),
        (CLASSES.replace("region: []", "region: [{name: a}]"), "line 3: rule a: is: Field required"),
        (
            CLASSES.replace("priority: []", "priority: [{name: a, when: item_known, is: x}]"),
            "line 2: rule a: when: item_known is no fact of an order",
        ),
    ],
)
def test_a_faulty_class_is_found_when_it_is_loaded(rules: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_classes(rules, "classes.yaml")
    assert said in str(raised.value)


def test_a_directory_of_ones_own_needs_only_the_files_that_differ(tmp_path: Path) -> None:
    (tmp_path / "classes.yaml").write_text(CLASSES.replace("region: []", "region: [{name: a, is: here}]"))
    reviewer = load_reviewer(tmp_path)
    assert reviewer.order(order_facts()).region == "here"
    assert [each.check for each in reviewer.order(order_facts(purchase_order="")).findings] == [
        "purchase-order-missing"
    ]


def test_every_fact_is_described_in_the_file_that_says_what_can_be_read() -> None:
    text = (RULES_DIR / "classes.yaml").read_text()
    names = {*OrderFacts.__struct_fields__, *ItemFacts.__struct_fields__}
    assert [name for name in names if f" {name}" not in text] == []


def test_conditions_read_truth_values() -> None:
    vocabulary = vocabulary_of(ItemFacts)
    assert vocabulary["sold_in"] == "truth"
    assert fault("item_known && !sold_in", vocabulary, "a line") == ""
    assert "gives" not in fault("sold_in", vocabulary, "a line")
    assert "No such overload" in fault("sold_in == 1.0 || sold_in > 2.0", vocabulary, "a line")
    condition = Condition("a", "item_known && !sold_in", vocabulary)
    assert condition.holds({"item_known": True, "sold_in": False})
    assert not condition.holds({"item_known": True, "sold_in": True})


@pytest.mark.parametrize("sign", ["==", "!=", "<", "<=", ">", ">="])
def test_a_comparison_with_a_literal_says_what_cel_says(sign: str) -> None:
    numbers = tuple(Decimal(number) for number in ("-2", "0", "1.4", "1.49999999999999999999", "1.5", "1.50", "2E+3"))
    asked: dict[str, tuple[Any, ...]] = {
        f'note {sign} "b c"': ("", "b", "b c", "b cd", "B C", "\u00e4", "\U0001f600"),
        f"value {sign} 1.5": numbers,
        f"lines{sign}3.0": (0, 2, 3, 4),
    }
    for text, values in asked.items():
        condition, program = Condition("a", text, vocabulary_of(OrderFacts)), cel.compile(text)
        (name,) = condition.reads
        for value in values:
            told = program.execute({name: value if isinstance(value, str) else float(value)})
            assert condition.holds({name: value}) is told, (text, value)


def test_a_comparison_of_no_fact_is_left_to_cel() -> None:
    assert Condition("a", 'true != "a"', vocabulary_of(OrderFacts)).holds({})


def order_facts(**fields: Any) -> OrderFacts:
    kinds = vocabulary_of(OrderFacts)
    usual: dict[str, Any] = {"text": "x", "number": 1, "truth": True}
    return OrderFacts(**({name: usual[kind] for name, kind in kinds.items()} | fields))

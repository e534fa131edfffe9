"""The file of nodes: what it may say, what the rules make of it, and what is said of a mistake in it."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from hub.domain.calendar import Shift
from hub.errors import ConfigError
from hub.rules import RULES_DIR, load_router
from hub.rules.nodes import load_nodes, parse_nodes
from tests.unit.test_rules import facts

CALENDAR = "calendars:\n  - {name: week, time_zone: Europe/Berlin, hours: {mon-fri: 08:00-16:00}}\n"
NODE = "nodes:\n  - {name: bremen, department: production, calendar: week}\n"


def test_the_hub_comes_without_nodes_and_its_example_can_be_used() -> None:
    assert load_nodes() == {}
    text = (RULES_DIR / "nodes.yaml").read_text()
    example = re.sub(r"^# ", "", text.split("nodes: []\n")[1], flags=re.MULTILINE)
    nodes = parse_nodes(example, "nodes.yaml")
    assert set(nodes) == {"bremen-works", "hamburg-store"}
    bremen = nodes["bremen-works"]
    assert bremen.calendar.week[0] == (Shift(360, 840), Shift(840, 1320))
    assert bremen.calendar.week[5] == (Shift(360, 720),)
    assert bremen.calendar.cut_off == time(14)
    assert date(2026, 12, 25) in bremen.calendar.holidays
    assert (bremen.lead_days, bremen.smallest_part) == (3, 50)
    assert bremen.capacity is not None
    assert (bremen.capacity.per_day, bremen.capacity.unit) == (Decimal(400), "C62")


def test_a_rule_may_assign_to_nodes_as_to_departments(tmp_path: Path) -> None:
    (tmp_path / "nodes.yaml").write_text(CALENDAR + NODE)
    (tmp_path / "allocation.yaml").write_text("rules:\n  - {name: made, assign: [bremen, production, procurement]}\n")
    router = load_router(tmp_path)
    candidates = router.candidates(facts())
    assert [(each.department, each.supplier, each.rule) for each in candidates] == [
        ("production", "bremen", "made"),
        ("production", "production", "made"),
        ("procurement", "procurement", "made"),
    ]
    assert candidates[0].node is router.node("bremen") is not None
    assert router.node("kiel") is None


def test_a_rule_that_assigns_to_a_node_nobody_declared_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "nodes.yaml").write_text(CALENDAR + NODE)
    (tmp_path / "allocation.yaml").write_text("rules:\n  - name: made\n    assign: kiel\n")
    with pytest.raises(ConfigError, match=r"allocation.yaml, line 3: rule made: assign: .* there are .*bremen"):
        load_router(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nodes: []", "shall hold `calendars:`, `nodes:` with a list"),
        (CALENDAR.replace("Berlin", "Atlantis") + NODE, "line 2: calendar week: time_zone: Value error, 'Europe/At"),
        (CALENDAR.replace("mon-fri", "fri-mon") + NODE, "fri-mon runs over the end of the week"),
        (CALENDAR.replace("mon-fri", "weekdays") + NODE, "'weekdays' is neither a day nor a range of days"),
        (CALENDAR.replace("16:00", "six") + NODE, "'08:00-six' is no shift; write 08:00-16:00"),
        (CALENDAR.replace("16:00", "16:75") + NODE, "an hour has 60 minutes"),
        (CALENDAR.replace("16:00", "06:00") + NODE, "write one over midnight as two"),
        (CALENDAR.replace("08:00-16:00", "'8:00-12:00, 11:00-16:00'") + NODE, "do not overlap"),
        (CALENDAR.replace("16:00}", "16:00, tue: 9:00-10:00}") + NODE, "tue is given twice"),
        (CALENDAR.replace("mon-fri: 08:00-16:00", "") + NODE, "work on one of them"),
        (CALENDAR.replace("}}", "}, cut_off: noon}") + NODE, "'noon' is no time of day"),
        (CALENDAR + NODE.replace("week", "year"), "line 4: node bremen: calendar: Value error, there is no calendar"),
        (CALENDAR + NODE.replace("bremen", "production"), "production is a department"),
        (CALENDAR + NODE.replace("bremen", "bre:men"), "node bre:men: name:"),
        (CALENDAR + NODE.replace("production", "sales"), "node bremen: department:"),
        (CALENDAR + NODE.replace("}", ", capacity: {per_day: 0, unit: C62}}"), "capacity.per_day:"),
        (CALENDAR + NODE + NODE.split("\n")[1], "line 5: a node bremen stands above already"),
    ],
)
def test_a_mistake_is_found_when_the_file_is_loaded_with_file_line_and_node(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_nodes(text, "nodes.yaml")
    assert says in str(raised.value)
    assert "nodes.yaml" in str(raised.value)

"""docs/lifecycle.md says what the hub goes by."""

from __future__ import annotations

from pathlib import Path

from hub.domain import lifecycle
from hub.lifecycle_page import lifecycle_page

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_the_page_is_that_of_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == lifecycle_page(), "run `./run lifecycle > docs/lifecycle.md`"


def test_every_transition_is_on_the_page() -> None:
    text = lifecycle_page()
    for table in (lifecycle.COMMERCIAL, lifecycle.CREDIT, lifecycle.BILLING, lifecycle.WORK):
        for status, row in table.items():
            assert f"\n| {status} | " in text
            for trigger, following in row.items():
                if following not in (status, lifecycle.EARLY, lifecycle.LATE):
                    arrow = f"{status} --> {following}: ".replace("part-paid", "part_paid")
                    (drawn,) = {line for line in text.splitlines() if line.strip().startswith(arrow)} or {""}
                    assert trigger in drawn.rpartition(": ")[2].split(", ")

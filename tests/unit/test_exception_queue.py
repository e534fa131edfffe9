"""The order desk's queue: one case for one cause, whatever number of orders has it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.exception_queue import Case, cases, chosen, command_on
from hub.cli.exceptions import check, named, told
from hub.domain.effects import ExceptionRaised
from hub.domain.ids import case_id
from hub.domain.roles import Role
from hub.errors import HubError

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def raised(number: int, root: str = "procurement: ACME", **fields: Any) -> ExceptionRaised:
    values: dict[str, Any] = {
        "event_id": f"event-{number}",
        "source": "/orderhub/orders",
        "occurred_at": NOW + timedelta(hours=number),
        "order_id": f"ORD-{number}",
        "exception_id": f"{number:032x}",
        "kind": "late",
        "action": "opened",
        "severity": "warning",
        "owner": "",
        "detail": "expected 2026-05-20",
        "priority": 3,
        "root": root,
        "case_id": case_id("late", root),
        "opened_at": NOW + timedelta(hours=number),
    }
    return ExceptionRaised(**(values | fields))


def queue(*found: ExceptionRaised) -> list[Case]:
    return cases({each.exception_id: each for each in found})


def test_forty_orders_that_wait_for_one_supplier_are_one_case() -> None:
    (case,) = queue(*(raised(number) for number in reversed(range(40))))
    assert (case.kind, case.root, len(case.exceptions), len(case.orders)) == ("late", "procurement: ACME", 40, 40)
    assert (case.orders[0], case.since, case.owners) == ("ORD-0", NOW, ("",))


def test_the_most_urgent_case_comes_first_and_then_the_oldest() -> None:
    found = queue(
        raised(1, "a"), raised(2, "b"), raised(3, "c", priority=2), raised(0, "d"), raised(9, "d", priority=1)
    )
    assert [(case.root, case.priority) for case in found] == [("d", 1), ("c", 2), ("a", 3), ("b", 3)]


def test_a_case_says_with_whom_it_is() -> None:
    (case,) = queue(raised(1, owner="mei"), raised(2, owner="mei"), raised(3))
    assert case.owners == ("mei", "")


def test_an_exception_from_before_there_were_cases_is_one_of_its_own() -> None:
    old: dict[str, Any] = {"case_id": "", "root": "", "opened_at": None}
    found = queue(raised(1, **old), raised(2, **old))
    assert [(case.case_id, case.since) for case in found] == [
        (each.exception_id, each.occurred_at) for each in (raised(1), raised(2))
    ]


def test_a_name_stands_for_a_whole_case_or_for_one_exception_but_never_for_a_guess() -> None:
    first, second, other = raised(1), raised(2), raised(3, "procurement: Bolt")
    found = queue(first, second, other)
    assert chosen(found, found[0].case_id[:6]) == [first, second]
    assert chosen(found, other.exception_id) == [other]
    assert chosen(found, "0000") == [], "three exceptions begin like that"
    assert chosen(found, "") == [], "all do"
    assert chosen(found, "nothing") == []


def test_the_same_command_about_an_exception_as_it_stands_is_the_same_event() -> None:
    def assign(about: ExceptionRaised, assignee: str, at: datetime = NOW) -> str:
        return command_on(
            about, "assign", owner="ines", role="order-desk", reason="", assignee=assignee, now=at
        ).event_id

    assert assign(raised(1), "mei") == assign(raised(1), "mei", NOW + timedelta(hours=1))
    assert assign(raised(1), "mei") != assign(raised(1), "bo")
    assert assign(raised(1), "mei") != assign(raised(2), "mei")
    back_again = raised(1, action="assigned", owner="bo", event_id="later")
    assert assign(back_again, "mei") != assign(raised(1), "mei"), "given away and back again is not the same"


def test_several_names_of_the_same_exceptions_stand_for_each_of_them_once() -> None:
    found = queue(raised(1), raised(2), raised(3, "procurement: Bolt"))
    assert (
        len(named(found, [found[0].case_id, raised(1).exception_id, raised(3, "procurement: Bolt").exception_id])) == 3
    )
    with pytest.raises(HubError, match="No one open case or exception begins with 'zz'"):
        named(found, ["zz"])


@pytest.mark.parametrize(
    ("kind", "role", "says"),
    [
        ("credit-refused", "boss", "ends by itself with its cause, not before: release-hold"),
        ("late", "guest", r"guest may not resolve; boss may \(--role\)"),
        ("late", "boss", ""),
    ],
)
def test_what_the_hub_would_refuse_is_said_before_it_is_sent(kind: str, role: str, says: str) -> None:
    about = raised(1, kind=kind)
    command = command_on(about, "resolve", owner="ines", role=role, reason="fine", assignee="", now=NOW)
    roles = {"boss": Role(may=("*",))}
    if not says:
        check([command], [about], roles)
        return
    with pytest.raises(HubError, match=says):
        check([command], [about], roles)


@pytest.mark.parametrize("width", [60, 80])
def test_a_case_is_told_within_the_terminal_and_parts_no_word(width: int) -> None:
    about = "procurement expects 2027-01-04 00:57: after wanted 2026-12-29 23:00: Supplier ACME: strike at the foundry"
    (case,) = queue(*(raised(n, "procurement: Supplier ACME: strike at the foundry", detail=about) for n in range(9)))
    first, *more = told(case, width).plain.splitlines()
    assert first.startswith(f"{case.priority}  {case.case_id[:8]}  {case.kind}  since ")
    assert all(line.startswith("   ") and len(line) <= width for line in more)
    whole = told(case, sys.maxsize).plain.splitlines()
    assert len(whole) == 3, "a program gets a line for each"
    assert " ".join(line.strip() for line in more) == " ".join(line.strip() for line in whole[1:])

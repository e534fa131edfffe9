"""What two versions of a schema may differ in, and what is said of the rest: which field, and what to do."""

from __future__ import annotations

import json
import warnings
from typing import Any

import avro.errors
import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from hypothesis import given
from hypothesis import strategies as st

from hub.codec import SCHEMA_DIR
from hub.codec.compatibility import breaks
from hub.codec.lock import read_lock

TEXT, WHOLE, NUMBER = "string", "long", {"type": "string", "logicalType": "plain-decimal"}
MICROS, MILLIS = ({"type": "long", "logicalType": f"timestamp-{unit}"} for unit in ("micros", "millis"))


def choice(*values: str) -> dict[str, Any]:
    return {"type": "string", "logicalType": "choice", "choices": list(values)}


def many(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def record(name: str, **fields: Any) -> dict[str, Any]:
    """A field is its type, or its type and default."""
    entries = [
        {"name": field, "type": of[0], "default": of[1]} if isinstance(of, tuple) else {"name": field, "type": of}
        for field, of in fields.items()
    ]
    return {"type": "record", "name": name, "namespace": "orderhub", "fields": entries}


LINE = record("Line", price=NUMBER)
GROWN_LINE = record("Line", price=NUMBER, note=(TEXT, ""))

KEPT = {
    "a new field with a default": (record("Order", a=TEXT), record("Order", a=TEXT, b=(["null", TEXT], None))),
    "a new choice": (record("Order", a=choice("x")), record("Order", a=choice("x", "y"))),
    "another order of fields": (record("Order", a=TEXT, b=WHOLE), record("Order", b=WHOLE, a=TEXT)),
    "other documentation": (record("Order", a=TEXT), record("Order", a=TEXT) | {"doc": "An order."}),
    "a part that is told elsewhere": (
        record("Order", lines=many(LINE), first=["null", "Line"]),
        record("Order", first=["null", LINE], lines=many("Line")),
    ),
    "a part that grows": (record("Order", lines=many(LINE)), record("Order", lines=many(GROWN_LINE))),
}

BROKEN = {
    "a field is gone": (
        record("Order", a=TEXT, b=(TEXT, "")), record("Order", a=TEXT),
        ["Order.b is gone: keep it; what nobody needs is left at its default"],
    ),
    "a new field has no default": (
        record("Order", a=TEXT), record("Order", a=TEXT, b=TEXT),
        [("Order.b is new and has no default: give it a default, e.g. None for an optional one: messages of before do "
         "not have it")],
    ),
    "a type changed, deep inside": (
        record("Order", lines=many(record("Line", at=["null", MICROS]))),
        record("Order", lines=many(record("Line", at=["null", MILLIS]))),
        [("Order.lines[].at was timestamp-micros and is timestamp-millis: keep its type; what is new needs a field of "
         "its own")],
    ),
    "a choice is gone": (
        record("Order", a=choice("x", "y", "z")), record("Order", a=choice("y")),
        ["Order.a no longer allows x, z: keep it, what is stored holds it"],
    ),
    "a choice became any text": (
        record("Order", a=choice("x")), record("Order", a=TEXT),
        ["Order.a was choice and is string: keep its type; what is new needs a field of its own"],
    ),
    "what was there may be absent": (
        record("Order", a=TEXT), record("Order", a=["null", TEXT]),
        ["Order.a is optional now: leave it as it was; absence needs a value or field of its own"],
    ),
    "what was optional is demanded": (
        record("Order", a=["null", TEXT]), record("Order", a=TEXT),
        ["Order.a was optional and no longer is: leave it optional"],
    ),
    "a default changed": (
        record("Order", a=(TEXT, "x")), record("Order", a=(TEXT, "y")),
        [('Order.a had the default "x" and has the default "y": keep the default: it is what messages from before the '
         "field mean")],
    ),
    "a part changed its name": (
        record("Order", line=LINE), record("Order", line=record("Row", price=NUMBER)),
        ["Order.line was Line and is Row: keep its type; what is new needs a field of its own"],
    ),
    "a part in two places is told once": (
        record("Order", a=LINE, b="Line"), record("Order", a=record("Line", price=WHOLE), b="Line"),
        ["Order.a.price was plain-decimal and is long: keep its type; what is new needs a field of its own"],
    ),
    "all that is wrong is said at once": (
        record("Order", a=TEXT, b=TEXT), record("Order", b=WHOLE, c=TEXT),
        ["Order.a is gone: keep it; what nobody needs is left at its default",
         "Order.b was string and is long: keep its type; what is new needs a field of its own",
         ("Order.c is new and has no default: give it a default, e.g. None for an optional one: messages of before do "
         "not have it")],
    ),
}  # fmt: skip


def said(released: Any, now: Any) -> list[str]:
    return [str(each) for each in breaks(released, now, "Order")]


def read_each_other(one: Any, other: Any) -> bool:
    """Whether Avro's own checker lets each read what the other wrote."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
        first, second = (avro.schema.parse(json.dumps(schema)) for schema in (one, other))
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    return all(
        checker.get_compatibility(reader, writer).compatibility == SchemaCompatibilityType.compatible
        for reader, writer in ((first, second), (second, first))
    )


@pytest.mark.parametrize("name", KEPT)
def test_a_change_that_both_sides_survive_is_no_break(name: str) -> None:
    released, now = KEPT[name]
    assert said(released, now) == []
    assert read_each_other(released, now)


@pytest.mark.parametrize("name", BROKEN)
def test_a_break_names_the_field_and_what_to_do(name: str) -> None:
    released, now, expected = BROKEN[name]
    assert said(released, now) == expected


def test_every_pinned_schema_agrees_with_itself() -> None:
    for entry in read_lock(SCHEMA_DIR):
        assert said(entry.schema, entry.schema) == []


TYPES = st.sampled_from([TEXT, WHOLE, NUMBER, ["null", TEXT], ["null", NUMBER], choice("x"), choice("x", "y")])
DEFAULTS = {json.dumps(TEXT): "", json.dumps(WHOLE): 0, json.dumps(NUMBER): "0"}


@st.composite
def fields(draw: st.DrawFn, most: int = 3) -> dict[str, Any]:
    """Fields of a few types, with defaults or without."""
    made: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=most, unique=True)):
        of = draw(TYPES)
        default = None if isinstance(of, list) else DEFAULTS.get(json.dumps(of), "x")
        made[name] = (of, default) if draw(st.booleans()) else of
    return made


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema of orders, and what became of it: a field of the order or of its lines is dropped, added or retyped."""
    order, line = draw(fields()), draw(fields())

    def changed(before: dict[str, Any]) -> dict[str, Any]:
        after = {**before, **draw(fields(1))}
        dropped = draw(st.sampled_from([*"abc", *"......"]))
        return {name: of for name, of in after.items() if name != dropped} or after

    def schema(order: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
        return record("Order", **order, lines=many(record("Line", **line)))

    later = schema(changed(order), line) if draw(st.booleans()) else schema(order, changed(line))
    return schema(order, line), later


@given(histories())
def test_what_is_no_break_is_none_for_avros_own_checker(history: tuple[dict[str, Any], dict[str, Any]]) -> None:
    released, now = history
    if not said(released, now):
        assert read_each_other(released, now)
    else:
        assert released != now

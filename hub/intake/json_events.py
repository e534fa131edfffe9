"""One JSON object to one event. All that is wrong with it is said at once: where, what stands there, what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hub.domain.events import CustomerEvent, ItemUpdated, OrderEvent
from hub.domain.finding import Finding
from hub.domain.statements import ItemStated
from hub.errors import HubError
from hub.intake.models import EVENTS
from hub.intake.order_checks import findings

MAX_DOCUMENT_BYTES = 1024 * 1024
"""Largest JSON document read; an event of `hub.topics.MAX_EVENT_BYTES` in Avro is smaller than this in JSON."""
_MAX_SHOWN = 60
_MAX_DIGITS = 40


class IntakeProblem(NamedTuple):
    """One thing that is wrong with a document."""

    path: str
    """Where, as in `lines[0].quantity`; empty for the document as a whole."""
    reason: str
    """What stands there, what is wrong with it and what to do."""
    by_id: bool = False
    """Whether a line in `path` goes by its `line_id` instead of its place."""

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class IntakeError(HubError):
    """A document an edge cannot turn into an event; `problems` says everything that is wrong with it."""

    def __init__(self, problems: tuple[IntakeProblem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def event_from_json(raw: bytes | str) -> OrderEvent | CustomerEvent | ItemUpdated | ItemStated:
    """The event a JSON object says, `type` naming which. Numbers keep their decimals as written.

    Raises IntakeError.
    """
    return event_from_document(object_from_json(raw))


def object_from_json(raw: bytes | str, limit: int = MAX_DOCUMENT_BYTES) -> dict[str, Any]:
    """A JSON object with its numbers as decimals, every name once. Raises IntakeError."""
    if len(raw) > limit:
        raise _refused(f"is {len(raw)} bytes; at most {limit} are read, so split it")
    try:
        document = json.loads(
            raw, parse_float=_number, parse_int=_whole, parse_constant=_no_constant, object_pairs_hook=_fields
        )
    except UnicodeDecodeError as error:
        raise _refused(f"is not UTF-8 at byte {error.start}; save it in that encoding") from None
    except json.JSONDecodeError as error:
        raise _refused(
            f"is not JSON: {error.msg} at line {error.lineno} column {error.colno}; write one JSON object"
        ) from None
    except RecursionError:
        raise _refused("is nested too deep; no document needs more than six levels") from None
    except ValueError as error:
        raise _refused(str(error)) from None
    if not isinstance(document, dict):
        raise _refused(f"is a {type(document).__name__}, not an object; write it in braces")
    return document


def event_from_document(document: Mapping[str, Any]) -> OrderEvent | CustomerEvent | ItemUpdated | ItemStated:
    """The event a parsed object says. Raises IntakeError."""
    name = document.get("type")
    model = EVENTS.get(name) if isinstance(name, str) else None
    if model is None:
        raise IntakeError((_unknown_type(name, given="type" in document),))
    try:
        event = cast(
            "OrderEvent | CustomerEvent | ItemUpdated | ItemStated", model.model_validate(document).to_domain()
        )
    except ValidationError as error:
        raise explained(error, tuple(model.model_fields)) from None
    if found := findings(event):
        raise IntakeError(tuple(_found(each) for each in found))
    return event


def _found(finding: Finding) -> IntakeProblem:
    return IntakeProblem(finding.field, f"{_shown(finding.value)}: {finding.remedy} [{finding.check}]", by_id=True)


def explained(error: ValidationError, fields: tuple[str, ...]) -> IntakeError:
    """All that pydantic found wrong, as problems; `fields` are the document's, to guess at misspelt ones."""
    details = error.errors(include_url=False, include_context=True)
    return IntakeError(tuple(_problem(detail, fields) for detail in details))


def _refused(reason: str) -> IntakeError:
    return IntakeError((IntakeProblem("", f"the document {reason}"),))


def _no_constant(name: str) -> None:
    raise ValueError(f"holds {name}, which is not a number; write a plain decimal")


def _number(text: str) -> Decimal | str:
    """The number exactly as written, or the text where no number of ours is that long."""
    return Decimal(text) if len(text) <= _MAX_DIGITS else text


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _MAX_DIGITS else text


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's fields, each name once and every text such that UTF-8 can hold it."""
    values = dict(pairs)
    for name, value in pairs:
        if isinstance(value, str) and not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError(f"holds half a surrogate pair in {_shown(name)}, which no encoding can carry; remove it")
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"names {_shown(repeated)} twice in one object; keep one")
    return values


def _unknown_type(name: object, *, given: bool) -> IntakeProblem:
    choice = f"use one of {', '.join(EVENTS)}"
    if not given:
        return IntakeProblem("type", f"is missing; {choice}")
    near = get_close_matches(name, EVENTS, 1) if isinstance(name, str) else []
    return IntakeProblem(
        "type", f"{_shown(name)} is not an event that comes in; " + (f"did you mean {near[0]}?" if near else choice)
    )


def _problem(detail: ErrorDetails, fields: tuple[str, ...]) -> IntakeProblem:
    path = _path(detail["loc"])
    match detail["type"]:
        case "missing":
            return IntakeProblem(path, "is missing; add it")
        case "extra_forbidden":
            near = get_close_matches(str(detail["loc"][-1]), fields, 1) if len(detail["loc"]) == 1 else []
            return IntakeProblem(path, "is not a field here; " + (f"did you mean {near[0]}?" if near else "remove it"))
        case "literal_error":
            return IntakeProblem(path, f"{_shown(detail['input'])} is not one of {detail['ctx']['expected']}")
        case "value_error":
            return IntakeProblem(path, f"{_shown(detail['input'])} {detail['ctx']['error']}")
        case _:
            hint = detail["msg"][:1].lower() + detail["msg"][1:]
            return IntakeProblem(path, f"{_shown(detail['input'])} does not fit: {hint}")


def _path(loc: tuple[int | str, ...]) -> str:
    """`("lines", 0, "quantity")` as `lines[0].quantity`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _shown(value: object) -> str:
    """A value as a message shows it: one line, bounded."""
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."

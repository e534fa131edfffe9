"""The intake as an OpenAPI 3.1 document; the events are the models of `hub.intake`."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from hub import __version__
from hub.intake.json_events import MAX_DOCUMENT_BYTES
from hub.intake.models import EVENTS

OPENAPI_NAME = "openapi.json"
KEY_HEADER = "Idempotency-Key"
KEY_PATTERN = "[!-~]{1,200}"
"""What an idempotency key, and with it an event's id, may be here."""
MAX_BATCH = 500
"""Events in one batch."""

_ACCEPTED: dict[str, dict[str, Any]] = {
    **{name: {"type": "string"} for name in ("event_id", "type", "key", "topic")},
    **{name: {"type": "integer"} for name in ("partition", "offset")},
}
_RETRY = {"Retry-After": {"description": "Seconds until there is room.", "schema": {"type": "integer"}}}
_REFUSALS: dict[str, dict[str, Any]] = {
    "400": {"description": "The idempotency key is missing or none."},
    "401": {
        "description": "No token, or another one.",
        "headers": {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}},
    },
    "413": {"description": f"The body has more than {MAX_DOCUMENT_BYTES} bytes."},
    "415": {"description": "The body is not plain application/json."},
    "422": {"description": "Not an event the hub takes; `problems` has everything that is wrong."},
    "429": {"description": "More than this token may send.", "headers": _RETRY},
    "503": {"description": "Kafka did not acknowledge: send the same again, with the same key.", "headers": _RETRY},
}


def openapi() -> dict[str, Any]:
    """The document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Order hub intake",
            "version": __version__,
            "description": "Events in. An answer comes when Kafka has the event; who got none sends the same again.",
        },
        "servers": [{"url": "http://127.0.0.1:8080"}],
        "security": [{"token": []}],
        "paths": {"/events": {"post": _event()}, "/batches": {"post": _batch()}},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**_events(), "Accepted": _object(_ACCEPTED), "Problem": _problem()},
        },
    }


def _event() -> dict[str, Any]:
    key = {
        "name": KEY_HEADER,
        "in": "header",
        "required": True,
        "description": "The event's id, unique within its source: the same key again takes effect once.",
        "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
    }
    return {
        "operationId": "send_event",
        "summary": "Send one event; it is on its topic when the answer comes.",
        "parameters": [key],
        "requestBody": _json(_schema("Event"), required=True),
        "responses": {
            "202": {"description": "Kafka has acknowledged it.", **_json(_schema("Accepted"))},
            **_refusals(),
        },
    }


def _batch() -> dict[str, Any]:
    result = {"oneOf": [_object({**_ACCEPTED, "status": {"const": 202}}), _schema("Problem")]}
    refusals = _refusals()
    del refusals["400"]
    return {
        "operationId": "send_batch",
        "summary": "Send many events, each with its event_id; what Kafka takes of them is there when the answer comes.",
        "requestBody": _json(
            _object({"events": {"type": "array", "items": _schema("Event"), "minItems": 1, "maxItems": MAX_BATCH}}),
            required=True,
        ),
        "responses": {
            "200": {
                "description": "What became of each, in their order: 202 or 422.",
                **_json(_object({"results": {"type": "array", "items": result}})),
            },
            **refusals,
        },
    }


def _refusals() -> dict[str, dict[str, Any]]:
    content = {"application/problem+json": {"schema": _schema("Problem")}}
    return {status: {**refusal, "content": content} for status, refusal in _REFUSALS.items()}


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**more, "content": {"application/json": {"schema": schema}}}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _events() -> dict[str, Any]:
    """The models and their parts, and `Event`, which is one of them; one that is sent alone needs no id in itself."""
    _, schemas = models_json_schema(
        [(model, "validation") for model in EVENTS.values()], ref_template="#/components/schemas/{model}"
    )
    found: dict[str, Any] = schemas["$defs"]
    for name in EVENTS:
        found[name]["required"].remove("event_id")
    names = {name: f"#/components/schemas/{name}" for name in EVENTS}
    event = {
        "oneOf": [_schema(name) for name in names],
        "discriminator": {"propertyName": "type", "mapping": names},
    }
    return {**found, "Event": event}


def _problem() -> dict[str, Any]:
    part = {
        "path": {"type": "string", "description": "Where, as in lines[0].quantity; empty for all."},
        "reason": {"type": "string", "description": "What stands there and what to do."},
    }
    fields = {
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400},
        "problems": {"type": "array", "items": _object(part)},
    }
    return {**_object(fields), "description": "RFC 9457."}

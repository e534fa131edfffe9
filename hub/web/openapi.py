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

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
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
        "paths": {"/events": {"post": _post()}},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**_events(), "Accepted": _accepted(), "Problem": _problem()},
        },
    }


def _post() -> dict[str, Any]:
    names = {name: f"#/components/schemas/{name}" for name in EVENTS}
    refusals = {status: {**refusal, "content": _PROBLEM} for status, refusal in _REFUSALS.items()}
    return {
        "operationId": "send_event",
        "summary": "Send one event; it is on its topic when the answer comes.",
        "parameters": [
            {
                "name": KEY_HEADER,
                "in": "header",
                "required": True,
                "description": "The event's id, unique within its source: the same key again takes effect once.",
                "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "oneOf": [{"$ref": path} for path in names.values()],
                        "discriminator": {"propertyName": "type", "mapping": names},
                    }
                }
            },
        },
        "responses": {
            "202": {
                "description": "Kafka has acknowledged it.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Accepted"}}},
            },
            **refusals,
        },
    }


def _events() -> dict[str, Any]:
    """The models and their parts; an event's id stands in the header and may be left out."""
    _, schemas = models_json_schema(
        [(model, "validation") for model in EVENTS.values()], ref_template="#/components/schemas/{model}"
    )
    found: dict[str, Any] = schemas["$defs"]
    for name in EVENTS:
        found[name]["required"].remove("event_id")
    return found


def _accepted() -> dict[str, Any]:
    texts = {name: {"type": "string"} for name in ("event_id", "type", "key", "topic")}
    numbers = {name: {"type": "integer"} for name in ("partition", "offset")}
    properties = texts | numbers
    return {"type": "object", "properties": properties, "required": list(properties)}


def _problem() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "RFC 9457.",
        "required": ["title", "status", "problems"],
        "properties": {
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "problems": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["path", "reason"],
                    "properties": {
                        "path": {"type": "string", "description": "Where, as in lines[0].quantity; empty for all."},
                        "reason": {"type": "string", "description": "What stands there and what to do."},
                    },
                },
            },
        },
    }

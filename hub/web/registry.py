"""The pinned schemas as a read-only schema registry: the part of Confluent's API that stock serialisers use, and the
part of Apicurio's (v2) that Apicurio's use with `find-latest`.

Whoever registers a schema that is here already is told its id, so a serialiser may be left at its defaults; another
one is refused: schemas come with the hub.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import orjson
from aiohttp import web

from hub.codec.avro import Schema
from hub.codec.registry import Registry, Version, breaks_with, parse

MAX_BYTES = 256 * 1024
"""Largest schema looked up."""

_COMPATIBILITY = {"compatibilityLevel": "FULL_TRANSITIVE"}
_MODE = {"mode": "READONLY"}
_CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"

Handler = Callable[[web.Request], Awaitable[Any]]


class _Refused(Exception):  # noqa: N818  (an answer, not a fault)
    """An answer of the API's own: the error's code there, whose first three digits are the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def routes(registry: Registry) -> list[web.RouteDef]:
    """The routes, for an application's root."""
    pages = _Pages(registry)
    confluent: list[tuple[str, str, Handler]] = [
        ("GET", "/subjects", pages.subjects),
        ("POST", "/subjects/{subject}", pages.find),
        ("GET", "/subjects/{subject}/versions", pages.versions),
        ("POST", "/subjects/{subject}/versions", pages.register),
        ("GET", "/subjects/{subject}/versions/{version}", pages.version),
        ("GET", "/subjects/{subject}/versions/{version}/schema", pages.version_schema),
        ("GET", "/schemas/types", _always(["AVRO"])),
        ("GET", "/schemas/ids/{id}", pages.schema),
        ("GET", "/schemas/ids/{id}/schema", pages.raw_schema),
        ("GET", "/schemas/ids/{id}/subjects", pages.subjects_of),
        ("GET", "/schemas/ids/{id}/versions", pages.versions_of),
        ("POST", "/compatibility/subjects/{subject}/versions", pages.compatibility),
        ("POST", "/compatibility/subjects/{subject}/versions/{version}", pages.compatibility),
        ("GET", "/config", _always(_COMPATIBILITY)),
        ("GET", "/config/{subject}", _always(_COMPATIBILITY)),
        ("GET", "/mode", _always(_MODE)),
        ("GET", "/mode/{subject}", _always(_MODE)),
    ]
    apicurio: list[tuple[str, str, Handler]] = [
        ("GET", "/ids/globalIds/{id}", pages.raw_schema),
        ("GET", "/ids/globalIds/{id}/references", _always([])),
        ("GET", "/ids/contentIds/{id}", pages.raw_schema),
        ("GET", "/ids/contentIds/{id}/references", _always([])),
        ("GET", "/groups/{group}/artifacts/{subject}/meta", pages.latest_meta),
    ]
    every = [*confluent, *((method, f"/apis/registry/v2{path}", handler) for method, path, handler in apicurio)]
    return [web.route(method, path, _answered(handler)) for method, path, handler in every]


class _Pages:
    """The handlers; each gives what becomes the answer's JSON."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def subjects(self, _: web.Request) -> Any:
        return self._registry.subjects

    async def versions(self, request: web.Request) -> Any:
        return [version.number for version in self._versions(request)]

    async def version(self, request: web.Request) -> Any:
        return _as_object(self._version(request))

    async def version_schema(self, request: web.Request) -> Any:
        return self._version(request).entry.schema

    async def schema(self, request: web.Request) -> Any:
        return {"schema": orjson.dumps(await self.raw_schema(request)).decode()}

    async def raw_schema(self, request: web.Request) -> Any:
        entry = self._registry.by_id(_number(request, "id"))
        if entry is None:
            raise _Refused(40403, f"Schema {request.match_info['id']} is not in the hub's schemas/ids.lock")
        return entry.schema

    async def subjects_of(self, request: web.Request) -> Any:
        return [version.subject for version in self._uses(request)]

    async def versions_of(self, request: web.Request) -> Any:
        return [{"subject": version.subject, "version": version.number} for version in self._uses(request)]

    async def find(self, request: web.Request) -> Any:
        subject = self._versions(request)[0].subject
        found = self._registry.find(subject, await _schema_in(request))
        if found is None:
            raise _Refused(40403, f"Schema not found: no version of {subject} is this schema")
        return _as_object(found)

    async def register(self, request: web.Request) -> Any:
        subject = request.match_info["subject"]
        schema = await _schema_in(request)
        found = self._registry.find(subject, schema)
        if found is None:
            raise _Refused(42205, f"Subject {subject} is in read-only mode: it takes the hub's own schemas only")
        return {"id": found.entry.id}

    async def compatibility(self, request: web.Request) -> Any:
        every = self._versions(request)
        versions = [self._version(request)] if "version" in request.match_info else every
        schema = await _schema_in(request)
        found = dict.fromkeys(str(each) for version in versions for each in breaks_with(version, schema))
        messages = {"messages": list(found)} if request.query.get("verbose") == "true" else {}
        return {"is_compatible": not found} | messages

    async def latest_meta(self, request: web.Request) -> Any:
        return _as_artifact(self._versions(request)[-1])

    def _versions(self, request: web.Request) -> list[Version]:
        subject = request.match_info["subject"]
        versions = self._registry.versions(subject)
        if not versions:
            raise _Refused(40401, f"Subject '{subject}' not found: GET /subjects names those there are")
        return versions

    def _version(self, request: web.Request) -> Version:
        versions = self._versions(request)
        wanted = request.match_info["version"]
        if wanted in ("latest", "-1"):
            return versions[-1]
        number = _number(request, "version")
        if not 1 <= number <= len(versions):
            raise _Refused(40402, f"Version {number} not found: {versions[0].subject} has 1 to {len(versions)}")
        return versions[number - 1]

    def _uses(self, request: web.Request) -> list[Version]:
        versions = self._registry.uses(_number(request, "id"))
        if not versions:
            raise _Refused(40403, f"Schema {request.match_info['id']} is not in the hub's schemas/ids.lock")
        return versions


async def _schema_in(request: web.Request) -> Schema:
    """The schema a request's JSON holds."""
    body = orjson.loads(await request.read())
    text = body.get("schema") if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise _Refused(42201, 'Empty or invalid schema: send {"schema": "an Avro schema as text"}')
    schema = parse(text)
    if schema is None:
        raise _Refused(42201, "Invalid schema: it is not Avro in JSON")
    return schema


def _number(request: web.Request, name: str) -> int:
    """A number in the path."""
    text = request.match_info[name]
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        code = 42202 if name == "version" else 40403
        raise _Refused(code, f"{name} {text!r} is no number: ids and versions count from 1")
    return int(text)


def _as_object(version: Version) -> dict[str, Any]:
    return {
        "subject": version.subject,
        "version": version.number,
        "id": version.entry.id,
        "schema": version.schema,
    }


def _as_artifact(version: Version) -> dict[str, Any]:
    """The version as Apicurio describes it."""
    return {
        "id": version.subject,
        "groupId": "default",
        "version": str(version.number),
        "globalId": version.entry.id,
        "contentId": version.entry.id,
        "type": "AVRO",
        "state": "ENABLED",
    }


def _always(answer: Any) -> Handler:
    async def handler(_: web.Request) -> Any:
        return answer

    return handler


def _answered(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler as aiohttp wants it: its value as JSON, its refusals as the API's errors."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return _json(200, await handler(request))
        except _Refused as refused:
            return _json(refused.code // 100, {"error_code": refused.code, "message": refused.message})
        except ValueError:
            return _json(400, {"error_code": 400, "message": "The body is not JSON in UTF-8"})

    return answer


def _json(status: int, value: Any) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type=_CONTENT_TYPE)

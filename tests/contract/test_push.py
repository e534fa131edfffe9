"""Another registry is given the hub's schemas under the hub's ids, once, and refused where it holds something else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner

from hub.cli.schemas import app as command
from hub.codec.registry import Registry
from hub.errors import ConfigError
from hub.web.listening import listening
from hub.web.push import push


class Other:
    """As much of Confluent's registry as an import needs."""

    def __init__(self) -> None:
        self.modes: dict[str, str] = {}
        self.schemas: dict[tuple[str, int], dict[str, Any]] = {}
        self.keeps_ids = True

    async def switch(self, request: web.Request) -> web.Response:
        self.modes[request.match_info["subject"]] = (await request.json())["mode"]
        return web.json_response(await request.json())

    async def put(self, request: web.Request) -> web.Response:
        subject, body = request.match_info["subject"], await request.json()
        if self.modes.get(subject) != "IMPORT":
            return web.json_response({"error_code": 42205, "message": "not in import mode"}, status=422)
        self.schemas[subject, body["version"]] = body
        return web.json_response({"id": body["id"] if self.keeps_ids else 100001})

    async def get(self, request: web.Request) -> web.Response:
        found = self.schemas.get((request.match_info["subject"], int(request.match_info["version"])))
        return web.json_response(found or {"error_code": 40402}, status=200 if found else 404)


@pytest.fixture
def other() -> Other:
    return Other()


@pytest.fixture
async def url(other: Other) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(
        [
            web.put("/mode/{subject}", other.switch),
            web.post("/subjects/{subject}/versions", other.put),
            web.get("/subjects/{subject}/versions/{version}", other.get),
        ]
    )
    async with listening(app, "127.0.0.1", 0, "HUB_METRICS") as url:
        yield url


REGISTRY = Registry.load()


async def pushed(url: str) -> list[str]:
    return [news async for news in push(REGISTRY, url)]


@contextmanager
def refused(because: str) -> Iterator[None]:
    with pytest.raises(ConfigError, match=because):
        yield


async def test_every_version_is_there_under_its_id_and_closed_and_nothing_is_done_twice(other: Other, url: str) -> None:
    assert len(await pushed(url)) == sum(len(REGISTRY.versions(subject)) for subject in REGISTRY.subjects)
    for subject in REGISTRY.subjects:
        assert other.modes[subject] == "READONLY"
        for version in REGISTRY.versions(subject):
            there = other.schemas[subject, version.number]
            assert (there["id"], there["schema"]) == (version.entry.id, version.schema)
    assert await pushed(url) == []


async def test_what_another_put_there_is_refused_and_left(other: Other, url: str) -> None:
    subject = "orderhub.StatusReported"
    other.schemas[subject, 1] = {"id": 1, "schema": '"string"'}
    with refused(rf"has another schema as version 1 of {subject} \(id 1\): use a registry"):
        await pushed(url)
    assert other.schemas[subject, 1] == {"id": 1, "schema": '"string"'}


async def test_a_registry_that_gives_ids_of_its_own_is_of_no_use(other: Other, url: str) -> None:
    other.keeps_ids = False
    with refused("instead of .*: it does not import ids"):
        await pushed(url)
    assert set(other.modes.values()) == {"READONLY"}


def test_a_registry_that_is_not_there_is_a_sentence() -> None:
    failed = CliRunner().invoke(command, ["push", "http://127.0.0.1:9"])
    assert isinstance(failed.exception, ConfigError)
    assert "The schema registry at http://127.0.0.1:9 does not answer as one" in str(failed.exception)

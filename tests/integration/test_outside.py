"""Programs of others and a running hub: departments in three languages, and events over HTTP, whatever is killed."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from hub import kafka_admin
from hub.broker import EmbeddedBroker
from hub.codec import Codec
from hub.domain.effects import SettlementRecorded
from hub.domain.events import OrderPlaced, StatusReported
from hub.domain.journal import JournalEntry
from hub.topics import (
    CREDIT_STATE,
    DEFAULT_PARTITIONS,
    HUB_DEAD_LETTER,
    ORDERS_EVENTS,
    ORDERS_JOURNAL,
    SETTLEMENTS,
    TOPICS,
)
from tests.chaos.view import View
from tests.support.examples import EXAMPLES, FETCHED, department
from tests.support.program import Program

LANGUAGES = {"production": "java", "procurement": "node", "logistics": "python"}
TOKEN = "s3cret"
CODEC = Codec.load()
_PATIENCE = 60.0
pytestmark = pytest.mark.kafka


@dataclass(frozen=True)
class Hub:
    """A hub that runs."""

    bootstrap: str
    registry: str
    environment: dict[str, str]
    """Of its programs."""
    directory: Path


@pytest.fixture(scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    directory = tmp_path_factory.mktemp("hub")
    async with EmbeddedBroker(directory / "kafka") as broker:
        async with kafka_admin.connect({"bootstrap_servers": broker.bootstrap}) as admin:
            await kafka_admin.create(admin, TOPICS.values(), partitions=DEFAULT_PARTITIONS, replication_factor=1)
        environment = {
            "HUB_KAFKA_BOOTSTRAP": broker.bootstrap,
            "HUB_METRICS_PORT": "0",
            "HUB_DATA_DIR": str(directory / "worker"),
            "HUB_INTAKE_TOKEN": TOKEN,
            "HUB_INTAKE_PORT": "0",
        }
        async with Program(["-m", "hub", "worker"], environment, directory / "worker.log") as worker:
            yield Hub(broker.bootstrap, await address(worker, "/metrics"), environment, directory)


@pytest.fixture(scope="module")
async def intake(hub: Hub) -> AsyncIterator[str]:
    """The base URL of a running `hub intake`."""
    async with Program(["-m", "hub", "intake"], hub.environment, hub.directory / "intake.log") as program:
        yield await address(program, "/events")


@pytest.fixture
async def view(hub: Hub) -> AsyncIterator[View]:
    topics = (ORDERS_EVENTS, ORDERS_JOURNAL, SETTLEMENTS, CREDIT_STATE, HUB_DEAD_LETTER)
    async with View(hub.bootstrap, topics, DEFAULT_PARTITIONS) as view:
        yield view


async def address(program: Program, page: str) -> str:
    """The base URL that a program says it serves a page at."""
    assert await program.says(page), program.output
    found = re.search(rf"(http://[^\s\"]+){page}", program.output)
    assert found
    return found[1]


async def until(condition: Callable[[], object], view: View, *programs: Program) -> None:
    """Read on until a condition holds; fail with what the programs have said if it does not, or if one ends."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while not condition():
        said = "\n".join(program.output for program in programs)
        assert all(program.running for program in programs), said
        assert asyncio.get_running_loop().time() < deadline, said
        await asyncio.sleep(0.1)
        await view.catch_up()


def entries(view: View) -> list[JournalEntry]:
    return [CODEC.decode_as(JournalEntry, record.value) for record in view.records[ORDERS_JOURNAL]]


async def run(program: str, arguments: list[str], environment: dict[str, str], directory: Path) -> str:
    """What a program says until it ends well."""
    running = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        env={**os.environ, **environment},
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(running.communicate(), _PATIENCE)
    assert running.returncode == 0, said.decode()
    return said.decode()


async def send(hub: Hub, document: str, directory: Path) -> None:
    """Send a document with `hub send`."""
    (directory / "document.jsonl").write_text(document)
    await run(sys.executable, ["-m", "hub", "send", "document.jsonl"], hub.environment, directory)


async def test_departments_in_three_languages_bring_an_order_to_its_settlement(
    hub: Hub, view: View, tmp_path: Path
) -> None:
    outside = {"BOOTSTRAP": hub.bootstrap, "REGISTRY": hub.registry}
    java, node, python = (department(language, name, outside, tmp_path) for name, language in LANGUAGES.items())
    async with java, node, python:
        terms, order = (EXAMPLES / "orders.jsonl").read_text().splitlines()
        await send(hub, terms, tmp_path)
        await until(lambda: view.records[CREDIT_STATE], view, java, node, python)
        await send(hub, order, tmp_path)
        await until(lambda: view.records[SETTLEMENTS], view, java, node, python)

    settled = CODEC.decode_as(SettlementRecorded, view.records[SETTLEMENTS][0].value)
    assert settled.order_id == "SO-100417"
    took_effect = [each for each in entries(view) if (each.event_type, each.outcome) == ("StatusReported", "applied")]
    sources = {CODEC.decode_as(StatusReported, entry.payload).source for entry in took_effect}
    assert sources == set(LANGUAGES)
    assert view.records[HUB_DEAD_LETTER] == []


async def test_killed_before_it_could_answer_the_same_key_takes_effect_once(
    hub: Hub, intake: str, view: View, tmp_path: Path
) -> None:
    order = json.loads((EXAMPLES / "orders.jsonl").read_text().splitlines()[1]) | {"order_id": "SO-KILLED"}
    key = order.pop("event_id")
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
    async with (
        Program(["-m", "tests.support.hanging_intake"], hub.environment, tmp_path / "hanging.log") as hanging,
        aiohttp.ClientSession() as session,
    ):
        url = await address(hanging, "/events")
        unanswered = asyncio.create_task(session.post(f"{url}/events", json=order, headers=headers))
        assert await hanging.says("acknowledged at orders.events-"), hanging.output
        hanging.signal(signal.SIGKILL)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await unanswered
        async with session.post(f"{intake}/events", json=order, headers=headers) as answer:
            assert (answer.status, (await answer.json())["event_id"]) == (202, key)

    def of_the_order() -> list[JournalEntry]:
        return [entry for entry in entries(view) if entry.event_id == key and entry.order_id == "SO-KILLED"]

    await until(lambda: len(of_the_order()) == 2, view)
    sent = [record for record in view.records[ORDERS_EVENTS] if record.key == b"SO-KILLED"]
    assert len(sent) == 2
    assert sent[0].value == sent[1].value
    assert CODEC.decode_as(OrderPlaced, sent[0].value).event_id == key
    assert [entry.outcome for entry in of_the_order()] == ["applied", "duplicate"]


async def test_a_client_generated_from_the_openapi_document_sends_an_order(
    intake: str, view: View, tmp_path: Path
) -> None:
    home = shutil.copytree(EXAMPLES / "http", tmp_path / "http")
    (home / "node_modules").symlink_to(FETCHED / "http/node_modules")
    node = shutil.which("node")
    assert node, "run `./run setup`"
    tools = home / "node_modules"
    generate = ["--default-non-nullable", "false", f"{intake}/openapi.json", "-o", str(home / "intake.d.ts")]
    await run(node, [str(tools / "openapi-typescript/bin/cli.js"), *generate], {}, tmp_path)
    await run(node, [str(tools / "typescript/bin/tsc"), "-p", str(home)], {}, tmp_path)
    said = await run(node, [str(home / "send.mjs"), "SO-HTTP"], {"INTAKE": intake, "TOKEN": TOKEN}, tmp_path)
    assert "OrderPlaced SO-HTTP-placed is at orders.events-" in said
    await until(lambda: any(entry.event_id == "SO-HTTP-placed" for entry in entries(view)), view)


async def test_schemathesis_finds_no_answer_that_is_not_in_the_openapi_document(intake: str, tmp_path: Path) -> None:
    """No 5xx among them. A valid event may be refused still: its amounts have to make sense."""
    program = str(Path(sys.executable).with_name("schemathesis"))
    config = str(Path(__file__).parents[1] / "support/schemathesis.toml")
    run_it = ["run", f"{intake}/openapi.json", "--header", f"Authorization: Bearer {TOKEN}", "--max-examples", "20"]
    said = await run(
        program, ["--config-file", config, *run_it, "--phases", "coverage,fuzzing", "--no-color"], {}, tmp_path
    )
    assert "No issues found" in said

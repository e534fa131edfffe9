"""The registry as stock serialisers ask it: Confluent's own client, unchanged, and answers of the API's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext
from hypothesis import given
from hypothesis import strategies as st

from hub.codec import SCHEMA_DIR, Codec
from hub.codec.lock import current, read_lock
from hub.codec.registry import Registry, breaks_with, parse
from hub.domain.effects import WorkOrderIssued
from hub.domain.events import StatusReported
from hub.topics import TOPICS, WORK_TOPIC
from hub.web.listening import listening
from hub.web.registry import MAX_BYTES, routes
from tests.support.messages import example, plain

IDS = {entry.name: entry.id for entry in current(read_lock(SCHEMA_DIR)).values()}
REPORT = IDS["status-reported"]
LOOK_UP = {"auto.register.schemas": False}


@pytest.fixture(scope="module")
async def registry() -> AsyncIterator[str]:
    """Its base URL."""
    app = web.Application(client_max_size=MAX_BYTES)
    app.add_routes(routes(Registry.load()))
    async with listening(app, "127.0.0.1", 0, "HUB_METRICS") as url:
        yield url


@pytest.fixture
def client(registry: str) -> Iterator[SchemaRegistryClient]:
    """Confluent's own, with no settings but the address."""
    with SchemaRegistryClient({"url": registry}) as client:
        yield client


async def ask(registry: str, path: str, body: Any = None, method: str = "") -> tuple[int, Any]:
    raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    async with (
        aiohttp.ClientSession() as session,
        session.request(method or ("GET" if raw is None else "POST"), registry + path, data=raw) as response,
    ):
        text = await response.text()
        return response.status, json.loads(text) if response.content_type.endswith("json") else text


def avsc(name: str) -> str:
    """The schema as a department has it: with its documentation."""
    return (SCHEMA_DIR / f"{name}.avsc").read_text()


async def test_confluents_deserialiser_reads_what_the_hub_writes(client: SchemaRegistryClient) -> None:
    issued = example(WorkOrderIssued)
    message = Codec.load().encode(issued)
    context = SerializationContext(WORK_TOPIC["production"], MessageField.VALUE)
    value = await asyncio.to_thread(AvroDeserializer(client), message, context)
    assert value == plain(issued)


@pytest.mark.parametrize("options", [{}, LOOK_UP, {**LOOK_UP, "use.latest.version": True}], ids=str)
async def test_the_hub_reads_what_confluents_serialiser_writes(
    client: SchemaRegistryClient, options: dict[str, Any]
) -> None:
    """Left at its defaults it registers its schema, told not to it looks it up."""
    report = example(StatusReported)
    write = AvroSerializer(client, avsc("status-reported"), conf=options)
    context = SerializationContext("production.status", MessageField.VALUE)
    message = await asyncio.to_thread(write, plain(report), context)
    assert Codec.load().decode(message) == report


async def test_a_schema_of_ones_own_is_not_registered(client: SchemaRegistryClient) -> None:
    foreign = json.dumps({"type": "record", "name": "StatusReported", "fields": [{"name": "a", "type": "string"}]})
    with pytest.raises(SchemaRegistryError) as refusal:
        await asyncio.to_thread(client.register_schema, "production.status-value", Schema(foreign, "AVRO"))
    assert (refusal.value.http_status_code, refusal.value.error_code) == (422, 42205)
    assert "read-only" in refusal.value.error_message


async def test_every_record_is_a_subject_by_each_naming_strategy(registry: str) -> None:
    _, subjects = await ask(registry, "/subjects")
    for topic in TOPICS.values():
        assert (f"{topic.name}-value" in subjects) == (len(topic.records) == 1)
        for record in topic.records:
            assert {f"orderhub.{record}", f"{topic.name}-orderhub.{record}"} <= set(subjects)


async def test_versions_ids_and_where_they_stand(registry: str) -> None:
    subject = "orderhub.StatusReported"
    assert await ask(registry, f"/subjects/{subject}/versions") == (200, [1])
    _, version = await ask(registry, f"/subjects/{subject}/versions/latest")
    assert (version["subject"], version["version"], version["id"]) == (subject, 1, REPORT)
    assert await ask(registry, f"/subjects/{subject}/versions/1") == (200, version)
    schema = json.loads(version["schema"])
    assert await ask(registry, f"/subjects/{subject}/versions/-1/schema") == (200, schema)
    assert await ask(registry, f"/schemas/ids/{REPORT}/schema") == (200, schema)
    assert json.loads((await ask(registry, f"/schemas/ids/{REPORT}"))[1]["schema"]) == schema
    _, subjects = await ask(registry, f"/schemas/ids/{REPORT}/subjects")
    assert {subject, "production.status-value", "hub.rekeyed-orderhub.StatusReported"} <= set(subjects)
    assert {"subject": subject, "version": 1} in (await ask(registry, f"/schemas/ids/{REPORT}/versions"))[1]


async def test_what_it_promises(registry: str) -> None:
    for path in ("/config", "/config/orderhub.OrderPlaced"):
        assert await ask(registry, path) == (200, {"compatibilityLevel": "FULL_TRANSITIVE"})
    for path in ("/mode", "/mode/orderhub.OrderPlaced"):
        assert await ask(registry, path) == (200, {"mode": "READONLY"})
    assert await ask(registry, "/schemas/types") == (200, ["AVRO"])


async def test_a_schema_is_found_however_a_generator_of_classes_writes_it(registry: str) -> None:
    schema = json.loads(avsc("status-reported"))
    del schema["doc"]
    schema["fields"][0]["type"] = {"type": "string", "avro.java.string": "String"}
    for entry in schema["fields"]:
        if entry["name"] == "lines":
            del entry["type"]["items"]["namespace"]
    status, found = await ask(registry, "/subjects/production.status-value", {"schema": json.dumps(schema)})
    assert (status, found["id"], found["version"]) == (200, REPORT, 1)
    schema["fields"][0]["name"] = "other"
    status, error = await ask(registry, "/subjects/production.status-value", {"schema": json.dumps(schema)})
    assert (status, error["error_code"]) == (404, 40403)


async def test_compatibility_says_which_field_and_what_to_do(registry: str) -> None:
    schema = json.loads(avsc("status-reported"))
    path = "/compatibility/subjects/orderhub.StatusReported/versions"
    grown = {**schema, "fields": [*schema["fields"], {"name": "carrier", "type": "string", "default": ""}]}
    assert await ask(registry, path, {"schema": json.dumps(grown)}) == (200, {"is_compatible": True})
    del grown["fields"][-1]["default"]
    status, answer = await ask(registry, f"{path}/latest?verbose=true", {"schema": json.dumps(grown)})
    assert (status, answer["is_compatible"]) == (200, False)
    assert answer["messages"][0].startswith("orderhub.StatusReported.carrier is new and has no default: give it")


async def test_apicurios_serialisers_find_schemas_where_they_look(registry: str) -> None:
    base = "/apis/registry/v2"
    _, schema = await ask(registry, f"/schemas/ids/{REPORT}/schema")
    assert await ask(registry, f"{base}/ids/globalIds/{REPORT}") == (200, schema)
    assert await ask(registry, f"{base}/ids/globalIds/{REPORT}/references") == (200, [])
    artifact = f"{base}/groups/default/artifacts/production.status-value/meta"
    status, meta = await ask(registry, artifact)
    assert (status, meta["globalId"], meta["version"], meta["type"]) == (200, REPORT, "1", "AVRO")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/subjects/nobody/versions", None, 404, 40401),
        ("/subjects/nobody", {"schema": '"string"'}, 404, 40401),
        ("/subjects/orderhub.OrderPlaced/versions/99", None, 404, 40402),
        ("/subjects/orderhub.OrderPlaced/versions/0", None, 404, 40402),
        ("/subjects/orderhub.OrderPlaced/versions/%C2%B2", None, 422, 42202),
        ("/schemas/ids/9999", None, 404, 40403),
        ("/schemas/ids/99999999999999999999/schema", None, 404, 40403),
        ("/schemas/ids/x/subjects", None, 404, 40403),
        ("/subjects/orderhub.OrderPlaced", {"schema": "no json"}, 422, 42201),
        ("/subjects/orderhub.OrderPlaced", {"schema": "[" * 100_000}, 422, 42201),
        ("/subjects/orderhub.OrderPlaced", {"schema": 7}, 422, 42201),
        ("/subjects/orderhub.OrderPlaced", ["schema"], 422, 42201),
        ("/subjects/orderhub.OrderPlaced", b"\xff", 400, 400),
    ],
)
async def test_what_is_not_there_or_no_schema_is_an_error_of_the_api(
    registry: str, path: str, body: Any, status: int, code: int
) -> None:
    answered, error = await ask(registry, path, body)
    assert (answered, error["error_code"]) == (status, code)
    assert error["message"]


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/subjects/orderhub.OrderPlaced"), ("PUT", "/config")])
async def test_nothing_is_changed_through_it(registry: str, method: str, path: str) -> None:
    status, _ = await ask(registry, path, {"compatibility": "NONE"}, method)
    assert status == 405


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["record", "array", "string", "null", "orderhub.X"]),
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "name", "fields", "items", "default", "choices"]), each)
    ),
)


@given(ANY)
def test_anything_is_a_schema_or_none(anything: Any) -> None:
    registry = Registry.load()
    schema = parse(json.dumps(anything))
    if schema is not None:
        assert registry.find("orderhub.OrderPlaced", schema) is None
        assert breaks_with(registry.versions("orderhub.OrderPlaced")[0], schema)

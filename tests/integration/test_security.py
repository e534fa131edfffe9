"""A Kafka that demands TLS and a login and grants no more than is needed: the whole hub runs on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from hub import kafka_admin
from hub.access import ROLES, Grant, Role
from hub.app import create_agents, runtime_config
from hub.codec import Codec
from hub.config import Settings
from hub.domain.effects import SettlementRecorded
from hub.errors import BrokerError
from hub.ruleset import Rules, load_ruleset
from hub.runtime.preflight import check_topics
from hub.topics import CREDIT_STATE, DEFAULT_PARTITIONS, HUB_DEAD_LETTER, SETTLEMENTS, TOPICS
from tests.chaos.view import View
from tests.support.examples import EXAMPLES, department
from tests.support.program import Program
from tests.support.rights import powers, rights
from tests.support.secured_kafka import SecuredKafka, make_certificate, secured_kafka

APP_ID = Settings().app_id
METRICS_TOKEN = "the-token-of-the-metrics"
LANGUAGES = {"production": "java", "procurement": "node", "logistics": "python"}
_PATIENCE = 60.0
pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SecuredKafka]:
    async with secured_kafka(tmp_path_factory.mktemp("secured"), ROLES.values(), APP_ID) as kafka:
        async with kafka_admin.connect(kafka.settings("administrator").kafka_client()) as admin:
            await kafka_admin.create(admin, TOPICS.values(), partitions=DEFAULT_PARTITIONS, replication_factor=1)
        yield kafka
    logs = list(kafka.directory.parent.glob("**/*.log"))
    secrets = [METRICS_TOKEN, *(kafka.password_file(role).read_text().strip() for role in ROLES)]
    told = [(log.name, secret) for log in logs for secret in secrets if secret in log.read_text(errors="replace")]
    assert len(logs) > 3
    assert told == [], "a password or a token was written where anybody can read it"


async def _hub(kafka: SecuredKafka, user: str, *arguments: str, **environment: str) -> tuple[int, str]:
    """The status a command of the hub ends with as a user, and what it says."""
    log = kafka.directory / f"{user}-{arguments[0]}.log"
    environment = {**kafka.environment(user), "HUB_LOG_LEVEL": "debug", **environment}
    async with Program(["-m", "hub", *arguments], environment, log) as command:
        status = await command.ends(_PATIENCE)
        return -1 if status is None else status, command.output


async def _done(kafka: SecuredKafka, user: str, *arguments: str) -> str:
    status, said = await _hub(kafka, user, *arguments)
    assert status == 0, said
    return said


async def test_every_program_does_its_part_of_an_order_with_no_more_rights_than_its_role(
    kafka: SecuredKafka, tmp_path: Path
) -> None:
    await _done(kafka, "administrator", "topics", "create")
    await _done(kafka, "administrator", "topics", "check")
    worker = {
        **kafka.environment("worker"),
        "HUB_METRICS_PORT": "0",
        "HUB_METRICS_TOKEN": METRICS_TOKEN,
        "HUB_DATA_DIR": str(tmp_path / "worker"),
        "HUB_LOG_LEVEL": "debug",
    }
    async with AsyncExitStack() as running:
        hub = await running.enter_async_context(Program(["-m", "hub", "worker"], worker, tmp_path / "worker.log"))
        assert await hub.says("/metrics"), hub.output
        registry = json.loads(hub.output.splitlines()[0])["metrics"].removesuffix("/metrics")
        for name, language in LANGUAGES.items():
            login = {
                "BOOTSTRAP": kafka.bootstrap,
                "REGISTRY": registry,
                "KAFKA_USERNAME": name,
                "KAFKA_PASSWORD": kafka.password_file(name).read_text().strip(),
                "KAFKA_CAFILE": str(kafka.cafile),
            }
            await running.enter_async_context(department(language, name, login, tmp_path))
        view = await running.enter_async_context(
            View(kafka.backdoor, (CREDIT_STATE, SETTLEMENTS, HUB_DEAD_LETTER), DEFAULT_PARTITIONS)
        )
        for line, topic in zip(
            (EXAMPLES / "orders.jsonl").read_text().splitlines(), (CREDIT_STATE, SETTLEMENTS), strict=True
        ):
            (tmp_path / "document.jsonl").write_text(line)
            await _done(kafka, "intake", "send", str(tmp_path / "document.jsonl"))
            await _until(partial(view.records.__getitem__, topic), view, hub)

        settled = Codec.load().decode_as(SettlementRecorded, view.records[SETTLEMENTS][0].value)
        assert settled.order_id == "SO-100417"
        assert view.records[HUB_DEAD_LETTER] == []
        shown = json.loads(await _done(kafka, "reader", "order", "show", settled.order_id, "--json"))
        assert shown["headline"] == "settled"
        for seen in (("monitor", "list"), ("dlq", "list"), ("rules", "explain", settled.order_id), ("order", "list")):
            await _done(kafka, "reader", *seen)
        await _done(kafka, "desk", "exceptions", "list")
        release = ("release-hold", "--target", "review", "--role", "supervisor")
        await _done(kafka, "desk", "order", "command", settled.order_id, *release)
        out = tmp_path / "out"
        partners = str(EXAMPLES / "partners.yaml")
        await _done(kafka, "partners", "deliver", "documents", str(out), "--partners", partners, "--once")
        await _done(kafka, "tables", "deliver", "sql", f"sqlite:///{tmp_path}/hub.sqlite3", "--once")
        await _until(partial(view.records.__getitem__, HUB_DEAD_LETTER), view, hub)  # there is no such hold
        letters = ("dlq", "replay", "--every", "--reason", "to see that it may")
        assert "1 replayed." in await _done(kafka, "letters", *letters)


async def _until(condition: Callable[[], object], view: View, hub: Program) -> None:
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while not condition():
        assert hub.running, hub.output
        assert asyncio.get_running_loop().time() < deadline, hub.output
        await asyncio.sleep(0.1)
        await view.catch_up()


async def test_a_role_may_do_what_it_is_granted_and_nothing_else(kafka: SecuredKafka) -> None:
    """Everything is tried by everyone. Afterwards the topics are full of nonsense."""
    groups = [APP_ID, "somebody", *(f"{role.groups}-1" for role in ROLES.values() if role.groups)]
    transactions = [f"{APP_ID}-orders-0", f"{APP_ID}-dead-letters", f"{APP_ID}er", "somebody"]

    def everything(role: Role) -> tuple[set[Grant], set[str]]:
        client, hub_client = kafka.librdkafka(role.name), kafka.settings(role.name).kafka_client()
        found = rights(client, hub_client, tuple(TOPICS), groups, transactions)
        return found, powers(client, tuple(TOPICS))

    tried = await asyncio.gather(*(asyncio.to_thread(everything, role) for role in ROLES.values()))
    for role, (found, beyond) in zip(ROLES.values(), tried, strict=True):
        assert found == _granted(role, groups, transactions), role.name
        assert beyond == set(), role.name


def _granted(role: Role, groups: list[str], transactions: list[str]) -> set[Grant]:
    """What a role is granted, name by name, with what that includes by Kafka's rules."""
    granted = list(role.grants(APP_ID))
    found = {grant for grant in granted if grant.resource == "topic"}
    found |= {Grant("Describe", "topic", grant.name) for grant in granted if grant.operation in {"Read", "Write"}}
    found -= {grant for grant in found if grant.name not in TOPICS}
    for names in (groups, transactions):
        for name in names:
            found |= {
                Grant(grant.operation, grant.resource, name)
                for grant in granted
                if grant.resource == ("group" if names is groups else "transactional-id")
                and (name.startswith(grant.name) if grant.prefixed else name == grant.name)
            }
    return found


@pytest.fixture
def wrong(tmp_path: Path) -> dict[str, str]:
    """Files that are not the right ones."""
    (tmp_path / "password").write_text("guessed")
    return {"password": str(tmp_path / "password"), "cafile": str(make_certificate(tmp_path, "stranger"))}


async def test_a_wrong_password_is_one_sentence_that_says_which_settings_to_look_at(
    kafka: SecuredKafka, wrong: dict[str, str]
) -> None:
    login = {"HUB_KAFKA_PASSWORD_FILE": wrong["password"], "HUB_METRICS_PORT": "0"}
    for command in (("worker",), ("order", "show", "SO-1")):
        status, said = await _hub(kafka, "worker", *command, **login)
        assert status == 1
        assert f"hub: Kafka at {kafka.bootstrap} refuses the login of worker (Authentication failed" in said
        assert said.endswith("check HUB_KAFKA_USERNAME, HUB_KAFKA_PASSWORD_FILE and HUB_KAFKA_SASL_MECHANISM.\n")
        assert "Traceback" not in said
        assert "guessed" not in said


async def _refused(settings: Settings) -> str:
    with pytest.raises(BrokerError) as refusal:
        async with kafka_admin.connect(settings.kafka_client()) as admin:
            await kafka_admin.describe(admin, tuple(TOPICS))
    return str(refusal.value)


async def test_what_stands_in_the_way_of_a_connection_is_said(kafka: SecuredKafka, wrong: dict[str, str]) -> None:
    at = f"Kafka at {kafka.bootstrap}"
    said = await _refused(kafka.settings("reader", kafka_cafile=wrong["cafile"]))
    assert said == (
        f"{at} shows a certificate that is not trusted (self-signed certificate): name a file of the certificates that "
        "its own is signed by with HUB_KAFKA_CAFILE."
    )
    said = await _refused(kafka.settings("reader", kafka_security_protocol="SASL_PLAINTEXT"))
    assert said.startswith(f"{at} does not answer as expected (")
    assert "is SASL_PLAINTEXT what it takes there? Else set HUB_KAFKA_SECURITY_PROTOCOL" in said
    said = await _refused(kafka.settings("reader", kafka_bootstrap=kafka.backdoor))
    assert "is SASL_SSL what it takes there?" in said
    said = await _refused(kafka.settings("reader", kafka_sasl_mechanism="PLAIN"))
    assert said.startswith(f"{at} refuses the login of reader (UnsupportedSaslMechanismError)")


async def test_a_right_that_is_missing_is_named_with_who_lacks_it(kafka: SecuredKafka) -> None:
    remedy = ": grant what `hub topics acls` prints for its role."
    status, said = await _hub(kafka, "production", "tail", "orders.events", "--no-follow")
    assert (status, said) == (1, f"hub: Kafka does not let production use orders.events{remedy}\n")
    status, said = await _hub(kafka, "reader", "send", str(EXAMPLES / "orders.jsonl"))
    assert (status, said) == (1, f"hub: Kafka does not let reader use any topic to write to{remedy}\n")


async def test_a_worker_without_a_right_says_so_before_it_begins(kafka: SecuredKafka, tmp_path: Path) -> None:
    async def fails(user: str, **other: object) -> str:
        settings = kafka.settings(user, data_dir=tmp_path, **other)
        agents = create_agents(settings, Rules(load_ruleset()))
        with pytest.raises(BrokerError) as refusal:
            await check_topics(runtime_config(settings), agents, asyncio.Event())
        return str(refusal.value)

    assert (await fails("worker", app_id="other")).startswith(
        "Kafka does not let worker use the consumer group other: grant "
    )
    assert (await fails("production", app_id="production")).startswith(
        "Kafka does not let production use the transactional id production-orders-0: grant "
    )


async def test_the_doctor_names_the_rights_a_login_lacks_and_no_others(kafka: SecuredKafka) -> None:
    examine = partial(_hub, kafka, HUB_METRICS_PORT="1")
    status, said = await examine("doctor", "doctor", "--role", "doctor")
    assert status == 0, said
    assert "ok      ACLs: this login may do all that role doctor needs" in said
    assert "ok      topics: " in said
    assert "ok      clock: " in said
    assert "unknown disk: Kafka does not tell this login how full its disks are" in said
    status, said = await examine("worker", "doctor", "--role", "worker")
    assert "ok      ACLs: this login may do all that role worker needs" in said, said
    assert "unknown topics: Kafka does not let this login compare the topics" in said
    status, said = await examine("intake", "doctor", "--role", "worker")
    assert status == 1
    assert "failed  ACLs: this login lacks Read on orders.events" in said
    assert "hub topics acls worker" in said

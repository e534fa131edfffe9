"""`hub deliver webhooks` and `hub deliver mail`, killed at any time: every message arrives, in order, under its id."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

from aiohttp import ClientSession
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace
from standardwebhooks import Webhook as Verifier

from connectors.posting.queue import Letter, Queue
from hub import kafka_admin
from hub.codec import Codec
from hub.domain.customer import NotificationKind
from hub.domain.effects import CustomerNotified
from hub.domain.party import Party
from hub.topics import CREDIT_STATE, CUSTOMER_NOTIFICATIONS, DEFAULT_PARTITIONS, TOPICS
from tests.support.examples import EXAMPLES
from tests.support.http_server import Response, serving
from tests.support.orders import Story
from tests.support.program import Program
from tests.support.prometheus import free_port
from tests.support.smtp_server import Inbox, smtp_serving

CODEC = Codec.load()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ORDERS = 12
KINDS: tuple[NotificationKind, ...] = ("received", "confirmed", "shipped", "delivered")
KILLS = 2


class Town:
    """Orders of one customer, whose notifications come one after the other."""

    def __init__(self, kafka: str, unique: Callable[[str], str]) -> None:
        self.customer = unique("C")
        self.orders = [unique(f"PO-{number}") for number in range(ORDERS)]
        self._kafka = kafka

    def id_of(self, order: str, kind: str) -> str:
        return f"{order}-{kind}"

    async def tell(self, kind: NotificationKind) -> None:
        (told, *_) = _placed().sent(CustomerNotified)
        async with AIOKafkaProducer(bootstrap_servers=self._kafka) as producer:
            for order in self.orders:
                value = replace(
                    told, event_id=self.id_of(order, kind), order_id=order, customer_id=self.customer, kind=kind
                )
                await producer.send_and_wait(CUSTOMER_NOTIFICATIONS, CODEC.encode(value), order.encode())

    async def move_in(self) -> None:
        """Its account, with its address."""
        account = _placed().account
        assert account
        kept = replace(account, customer_id=self.customer, party=Party(name="Town", email="town@x.example"))
        async with AIOKafkaProducer(bootstrap_servers=self._kafka) as producer:
            await producer.send_and_wait(CREDIT_STATE, CODEC.encode(kept), self.customer.encode())


def _placed() -> Story:
    story = Story()
    story.place()
    return story


async def until(came: Callable[[], bool], programs: Sequence[Program]) -> None:
    async with asyncio.timeout(60):
        while not came():
            assert all(program.running for program in programs), [program.last_words for program in programs]
            await asyncio.sleep(0.05)


class Shop:
    """Verifies what it gets, and takes nine in ten."""

    def __init__(self) -> None:
        self.got: defaultdict[str, list[str]] = defaultdict(list)
        """Ids by order."""
        self._random = Random(5)

    def __call__(self, headers: Mapping[str, str], body: bytes) -> Response:
        event = Verifier(SECRET).verify(body, dict(headers))
        assert event["id"] == headers["webhook-id"]
        if self._random.random() < 0.1:
            return Response(status=503)
        self.got[event["subject"]].append(event["id"])
        return Response(status=204)


async def storm(programs: Sequence[Program], town: Town, begun: Callable[[], bool]) -> None:
    """The senders are killed while they send."""
    for kind in KINDS[:KILLS]:
        for program in programs:
            await program.start()
        await town.tell(kind)
        await until(begun, programs)
        await asyncio.sleep(0.2)
        for program in programs:
            program.signal(signal.SIGKILL)
            await program.process.wait()


async def test_killed_at_any_time_every_message_arrives_in_order_under_its_id(
    kafka: str, unique: Callable[[str], str], tmp_path: Path
) -> None:
    async with kafka_admin.connect({"bootstrap_servers": kafka}) as admin:
        await kafka_admin.create(admin, TOPICS.values(), partitions=DEFAULT_PARTITIONS, replication_factor=1)
    town, shop, inbox = Town(kafka, unique), Shop(), Inbox()
    expected = {town.id_of(order, kind) for order in town.orders for kind in KINDS}

    def complete() -> bool:
        mails = {mail["Message-ID"].partition("@")[0].removeprefix("<") for mail in inbox.mails}
        return {each for ids in shop.got.values() for each in ids} == expected == mails

    await town.move_in()
    await town.tell("refused")  # of the past, which is nothing to a receiver that is new
    async with serving(shop) as http, AsyncExitStack() as stack:
        book = tmp_path / "endpoints.yaml"
        book.write_text(
            f"endpoints: [{{name: shop, url: 'http://127.0.0.1:{http}/', internal: true, secret_env: SHOP_SECRET, "
            f"topics: {{customer.notifications: {{customers: [{town.customer}]}}}}}}]"
        )
        environment = {
            "HUB_KAFKA_BOOTSTRAP": kafka,
            "SHOP_SECRET": SECRET,
            "HUB_MAIL_HOST": "127.0.0.1",
            "HUB_MAIL_PORT": str(stack.enter_context(smtp_serving(inbox))),
            "HUB_MAIL_SECURITY": "none",
            "HUB_MAIL_SENDER": "orders@works.example",
        }
        hooks = ["-m", "hub", "deliver", "webhooks", str(book), "--state", str(tmp_path / "hooks")]
        mail = ["-m", "hub", "deliver", "mail", "--state", str(tmp_path / "mail.sqlite3")]
        for command in (hooks, mail):
            async with Program([*command, "--once"], environment, tmp_path / command[3]) as first:
                assert await first.ends() == 0, first.output
        programs = [Program(command, environment, tmp_path / command[3]) for command in (hooks, mail)]
        await storm(programs, town, lambda: bool(shop.got) and bool(inbox.mails))
        for program in programs:
            await stack.enter_async_context(program)
        for kind in KINDS[KILLS:]:
            await town.tell(kind)
        await until(complete, programs)
        for program in programs:
            program.signal(signal.SIGTERM)
            assert await program.ends() == 0, program.output
    for order in town.orders:
        assert [*dict.fromkeys(shop.got[order])] == [town.id_of(order, kind) for kind in KINDS]


async def test_a_sender_shows_those_with_the_token_how_far_it_is_and_what_became_of_what(
    kafka: str, unique: Callable[[str], str], tmp_path: Path
) -> None:
    async with kafka_admin.connect({"bootstrap_servers": kafka}) as admin:
        await kafka_admin.create(admin, TOPICS.values(), partitions=DEFAULT_PARTITIONS, replication_factor=1)
    town, port = Town(kafka, unique), free_port()
    book, token = tmp_path / "endpoints.yaml", tmp_path / "token"
    token.write_text("s3cret")

    def answer(_: Mapping[str, str], body: bytes) -> Response:
        return Response(status=503 if town.orders[0] in body.decode() else 204)

    async def page(name: str, bearer: str = "s3cret") -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {bearer}"}
        async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/{name}", headers=headers) as got:
            return got.status, await got.text()

    async with serving(answer) as http:
        book.write_text(
            f"endpoints: [{{name: shop, url: 'http://127.0.0.1:{http}/', internal: true, secret_env: SHOP_SECRET, "
            f"topics: {{customer.notifications: {{customers: [{town.customer}]}}}}}}]"
        )
        command = ["-m", "hub", "deliver", "webhooks", str(book), "--state", str(tmp_path / "hooks")]
        environment = {
            "HUB_KAFKA_BOOTSTRAP": kafka,
            "SHOP_SECRET": SECRET,
            "HUB_SENDER_PORT": str(port),
            "HUB_METRICS_TOKEN_FILE": str(token),
        }
        async with Program([*command, "--once"], environment, tmp_path / "first.log") as first:
            assert await first.ends() == 0, first.output
        async with Program(command, environment, tmp_path / "log") as sender:
            assert await sender.says(f"http://127.0.0.1:{port}/metrics"), sender.output
            await town.tell("received")
            assert await sender.says("sent ", times=ORDERS - 1), sender.output
            assert await sender.says("waiting "), sender.output
            assert await page("healthz", "") == (200, "ok\n")
            assert await page("metrics", "s3cre") == (401, "the metrics are for those with the token\n")
            values: dict[str, float] = {}
            async with asyncio.timeout(
                60
            ):  # it may have fetched and not looked at yet what others tell in these topics
                while values.get(_shown("lag_records", topic=CUSTOMER_NOTIFICATIONS)) != 0:
                    _, text = await page("metrics")
                    lines = [each.rpartition(" ") for each in text.splitlines() if each.startswith("hub_")]
                    values = {name: float(value) for name, _, value in lines}
            sender.signal(signal.SIGTERM)
            assert await sender.ends() == 0, sender.output
    assert values[_shown("waiting_messages")] == 1
    became = {each: values[_shown("outcomes_total", outcome=each)] for each in ("sent", "waiting")}
    assert became["sent"] == ORDERS - 1
    assert became["waiting"] >= 1
    assert values[_shown("try_seconds_count")] == sum(became.values())
    assert values[_shown("records_total", topic=CUSTOMER_NOTIFICATIONS)] >= ORDERS


def _shown(metric: str, **labels: str) -> str:
    shown = {"receiver": "shop", "sender": "webhooks", **labels}
    pairs = ",".join(f'{name}="{value}"' for name, value in sorted(shown.items()))
    return f"hub_sender_{metric}{{{pairs}}}"


def hub(*arguments: str) -> tuple[int, list[dict[str, object]]]:
    done = subprocess.run([sys.executable, "-m", "hub", *arguments], capture_output=True, check=False, timeout=60)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_dead_letters_are_listed(tmp_path: Path) -> None:
    with Queue(tmp_path / "desk.sqlite3") as queue:
        queue.put([Letter("m1", "PO-1", "ExceptionRaised", b"{}"), Letter("m2", "PO-2", "ExceptionRaised", b"{}")])
        queue.give_up(1, "HTTP 500")
        queue.commit()
    example = str(EXAMPLES / "endpoints.yaml")
    status, said = hub("deliver", "webhooks", example, "--state", str(tmp_path), "--dead", "--json")
    assert (status, [(each["receiver"], each["id"], each["reason"]) for each in said]) == (
        0,
        [("desk", "m1", "HTTP 500")],
    )

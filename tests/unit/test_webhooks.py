"""Webhooks as their receivers see them: signed by the standard, where they may go, and what answers mean."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from standardwebhooks import Webhook as Verifier

from connectors.posting.posting import Answer
from connectors.posting.queue import Letter, Message
from connectors.webhooks.book import Endpoint, Filter, load_endpoints
from connectors.webhooks.events import letter_of
from connectors.webhooks.guard import is_public
from connectors.webhooks.sending import Webhook
from connectors.webhooks.signing import keys_of, signed
from hub.codec import Codec
from hub.domain.effects import CustomerNotified, ExceptionRaised, SettlementRecorded
from hub.domain.headline import headline
from hub.errors import ConfigError
from hub.topics import CUSTOMER_NOTIFICATIONS, ORDERS_EXCEPTIONS, ORDERS_STATE, SETTLEMENTS
from tests.support.certificates import certified
from tests.support.examples import EXAMPLES
from tests.support.fetched import record
from tests.support.http_server import Response, serving
from tests.support.orders import CUSTOMER, ORDER, Story, line

CODEC = Codec.load()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDazgOEp8R"
ALL = Filter()
LETTER = Letter("0af1", ORDER, "CustomerNotified", b'{"a":1}')


# --- signatures --------------------------------------------------------------------------------------


def test_the_standards_own_library_verifies_what_is_signed() -> None:
    now = int(datetime.now(UTC).timestamp())
    headers = signed(keys_of(f"{SECRET} {OTHER}"), "id1", now, LETTER.content)
    for secret in (SECRET, OTHER):
        assert Verifier(secret).verify(LETTER.content, dict(headers)) == {"a": 1}
    with pytest.raises(Exception, match="signature"):
        Verifier(SECRET).verify(LETTER.content + b" ", dict(headers))


def test_a_signature_is_the_one_of_the_libraries_published_example() -> None:
    headers = signed(keys_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["", "hunter2", "whsec_Y", "whsec_c2hvcnQ=", "whsec_!!!", SECRET + " x"])
def test_a_secret_that_is_none_is_refused_and_not_told(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", secret)
    with pytest.raises(ConfigError, match="secret of webhook shop, SHOP, cannot be used") as raised:
        endpoint(secret_env="SHOP").keys()
    assert not secret or secret not in str(raised.value)


# --- where they may go -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3", "224.0.0.1",
        "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_addresses_only_we_can_reach_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["localhost", "0x7f.0.0.1"])
async def test_a_name_that_leads_to_us_is_not_connected_to(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(shop := Shop()) as port:
        monkeypatch.setenv("SHOP", SECRET)
        target = endpoint(url=f"https://{host}:{port}/", secret_env="SHOP")
        async with Webhook(target, CODEC) as webhook:
            (answer,) = await webhook.send([Message(1, LETTER)])
    assert answer.outcome == "later"
    assert "127.0.0.1, which is no address of the internet" in answer.reason
    assert shop.taken == []


BAD = [
    ("url: http://shop.example/", "give https://, or say `internal: true`"),
    ("url: https://10.0.0.1/", "10.0.0.1 is no address of the internet"),
    ("url: https://127.1/", "127.1 is no address of the internet"),
    ("url: https://2130706433/", "no address of the internet"),
    ("url: 'https://[::1]/'", "no address of the internet"),
    ("url: https://me:pw@shop.example/", "leave out user, password"),
    ("url: ftp://shop.example/", "give https://host/path"),
    ("url: 'https://[shop.example/'", "give https://host/path: Invalid IPv6 URL"),
    ("url: https://shop.example:99999/", "give https://host/path: Port out of range"),
    ("secret_file: x", "say where the secret of shop is"),
    ("name: ../shop", "is no name"),
    ("topics: {}", "it has none"),
    ("topics: {orders.events: {}}", "Invalid enum value 'orders.events'"),
    ("topics: {settlements: {kinds: [bill]}}", "there is no kind bill; there are invoice, credit-note"),
    ("topics: {orders.exceptions: {customers: [C-1]}}", "leave customers out"),
    ("tries: 0", "give 1 to 100"),
    ("timeout_seconds: 500", "give 1 to 120"),
    ("retries: 3", "Object contains unknown field `retries`"),
]


@pytest.mark.parametrize(("wrong", "told"), BAD)
def test_a_mistake_in_the_endpoints_is_named_by_line_and_field(wrong: str, told: str, tmp_path: Path) -> None:
    right = {
        "name": "name: shop",
        "url": "url: https://shop.example/hooks",
        "secret_env": "secret_env: SHOP",
        "topics": "topics: {settlements: {}}",
    }
    name = wrong.partition(":")[0]
    entries = {**right, name: wrong}
    path = tmp_path / "endpoints.yaml"
    path.write_text("endpoints:\n  - " + "\n    ".join(entries.values()) + "\n")
    with pytest.raises(ConfigError) as raised:
        load_endpoints(path)
    assert told in str(raised.value)
    assert f"{path}, line " in str(raised.value)


def test_two_endpoints_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.yaml"
    one = "{name: a, url: https://a.example/, secret_env: A, topics: {settlements: {}}}"
    path.write_text(f"endpoints: [{one}, {one}]")
    with pytest.raises(ConfigError, match="a stands there twice"):
        load_endpoints(path)


def test_the_example_endpoints_are_read() -> None:
    first, *_ = load_endpoints(EXAMPLES / "endpoints.yaml")
    assert first.topics["customer.notifications"].customers


# --- what is said ------------------------------------------------------------------------------------


def delivered() -> Story:
    story = Story()
    story.place(line(quantity="10.5"))
    for step in ("accepted", "shipped", "delivered"):
        story.report("logistics", step)
    return story


def event(topic: str, value: Any, wanted: Filter = ALL) -> dict[str, Any] | None:
    letter = letter_of(CODEC, record(3, ORDER.encode(), CODEC.encode(value), topic=topic), wanted)
    return None if letter is None else json.loads(letter.content)


def test_a_fact_is_a_cloud_event_with_its_own_id() -> None:
    settled = delivered().sent(SettlementRecorded)[0]
    said = event(SETTLEMENTS, settled)
    assert said
    data = said.pop("data")
    assert said == {
        "specversion": "1.0", "id": settled.event_id, "source": settled.source, "type": "orderhub.SettlementRecorded",
        "time": settled.occurred_at.isoformat(), "subject": ORDER, "datacontenttype": "application/json",
    }  # fmt: skip
    assert (data["payable"], data["lines"][0]["quantity"]) == (str(settled.payable), "10.5")
    assert "event_id" not in data


def test_an_order_state_says_what_the_tables_say_and_each_has_an_id_of_its_own() -> None:
    story = delivered()
    said = event(ORDERS_STATE, story.order)
    assert said
    assert (said["data"]["status"], said["data"]["lines"][0]["delivered"]) == (headline(story.order), "10.5")
    again, later = event(ORDERS_STATE, story.order), replace(story.order, entries=story.order.entries + 1)
    assert again
    assert (again["id"], "." in again["id"]) == (said["id"], False)
    other = event(ORDERS_STATE, later)
    assert other
    assert other["id"] != said["id"]


def test_an_endpoint_gets_the_kinds_and_customers_it_wants() -> None:
    story = delivered()
    kinds = [each.kind for each in story.sent(CustomerNotified)]
    got = [event(CUSTOMER_NOTIFICATIONS, each, Filter(kinds=("shipped",))) for each in story.sent(CustomerNotified)]
    assert [kind for kind, each in zip(kinds, got, strict=True) if each] == ["shipped"]
    assert event(ORDERS_STATE, story.order, Filter(kinds=(headline(story.order),), customers=(CUSTOMER,)))
    assert event(ORDERS_STATE, story.order, Filter(customers=("C-2",))) is None
    story.command("hold", "quality")
    for raised in story.sent(ExceptionRaised):
        assert (event(ORDERS_EXCEPTIONS, raised, Filter(kinds=(raised.kind,))) or {})["data"]["kind"] == raised.kind


# --- what answers mean -------------------------------------------------------------------------------


def endpoint(**fields: Any) -> Endpoint:
    values: dict[str, Any] = {"name": "shop", "url": "https://shop.example/", "topics": {"settlements": ALL}}
    return Endpoint(**(values | fields))


class Shop:
    """Answers as it is told to, and has all that it was sent."""

    def __init__(self, status: int = 204, headers: Mapping[str, str] | None = None, seconds: float = 0) -> None:
        self.taken: list[tuple[Mapping[str, str], bytes]] = []
        self._status, self._headers, self._seconds = status, headers, seconds

    async def __call__(self, headers: Mapping[str, str], body: bytes) -> Response:
        self.taken.append((headers, body))
        await asyncio.sleep(self._seconds)
        return Response(status=self._status, headers=self._headers)


async def answered(shop: Shop, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Answer:
    monkeypatch.setenv("SHOP", SECRET)
    async with serving(shop) as port:
        target = endpoint(url=f"http://127.0.0.1:{port}/hooks?x=1", internal=True, secret_env="SHOP", **fields)
        async with Webhook(target, CODEC) as webhook:
            (said,) = await webhook.send([Message(1, LETTER)])
    return said


async def test_a_receiver_verifies_what_it_gets_with_the_standards_library(monkeypatch: pytest.MonkeyPatch) -> None:
    said = await answered(shop := Shop(), monkeypatch)
    assert said.outcome == "sent"
    ((headers, body),) = shop.taken
    assert Verifier(SECRET).verify(body, dict(headers)) == {"a": 1}
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert headers["webhook-id"] == LETTER.message_id


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "after"),
    [
        (200, {}, "sent", None),
        (301, {"Location": "/elsewhere"}, "later", None),
        (400, {}, "later", None),
        (410, {}, "stop", None),
        (429, {"Retry-After": "120"}, "later", 120),
        (503, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}, "later", 0),
        (503, {"Retry-After": "soon"}, "later", None),
        (500, {"Retry-After": "-5"}, "later", None),
    ],
)
async def test_only_2xx_is_taken(
    status: int, headers: dict[str, str], outcome: str, after: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await answered(shop := Shop(status, headers), monkeypatch)
    assert (said.outcome, said.after) == (outcome, after)
    assert len(shop.taken) == 1, "a redirect is not followed"


async def test_a_receiver_that_does_not_answer_in_time_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    said = await answered(Shop(seconds=0.5), monkeypatch, timeout_seconds=0.1)
    assert (said.outcome, said.reason) == ("later", "no answer within 0.1 s")


async def test_a_receiver_that_is_not_there_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", SECRET)
    async with Webhook(endpoint(url="http://127.0.0.1:9/", internal=True, secret_env="SHOP"), CODEC) as webhook:
        (said,) = await webhook.send([Message(1, LETTER)])
    assert said.outcome == "later"
    assert "Cannot connect" in said.reason


async def test_a_certificate_nobody_vouches_for_is_not_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, tls = certified(tmp_path)
    monkeypatch.setenv("SHOP", SECRET)
    async with serving(shop := Shop(), tls) as port:
        for ca_file, outcome in (("", "later"), (str(certificate), "sent")):
            target = endpoint(url=f"https://localhost:{port}/", internal=True, ca_file=ca_file, secret_env="SHOP")
            async with Webhook(target, CODEC) as webhook:
                (said,) = await webhook.send([Message(1, LETTER)])
            assert said.outcome == outcome
            assert outcome == "sent" or "CERTIFICATE_VERIFY_FAILED" in said.reason
            assert len(shop.taken) == (outcome == "sent")

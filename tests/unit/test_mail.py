"""E-mails as their readers and an SMTP server get them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.mail.composing import compose, parse_address
from connectors.mail.mailbox import Mailbox, MailQueue, Server
from connectors.posting.posting import Answer
from connectors.posting.queue import Letter, Message
from hub.codec import Codec
from hub.domain.effects import CustomerNotified
from hub.domain.party import Party
from hub.errors import ConfigError
from hub.topics import CREDIT_STATE, CUSTOMER_NOTIFICATIONS
from tests.support.certificates import certified
from tests.support.fetched import record
from tests.support.orders import CUSTOMER, ORDER, Story
from tests.support.smtp_server import Inbox, smtp_serving

CODEC = Codec.load()
SENDER = Address("Example Works GmbH", addr_spec="orders@works.example")
BUYER = Address("", addr_spec="buyer@weserland.example")
TOLD = CustomerNotified(
    event_id="c0ffee", source="/orderhub/orders", occurred_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    order_id=ORDER, customer_id=CUSTOMER, kind="shipped", locale="zh", text="您的订单 PO-1 已送达。",
)  # fmt: skip


# --- composing ---------------------------------------------------------------------------------------


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=default)


def test_a_reader_sees_the_text_in_its_language_from_whom_and_when() -> None:
    mail = read(compose(TOLD, BUYER, SENDER).as_bytes())
    assert mail.get_content().replace("\r\n", "\n") == "您的订单 PO-1 已送达。\n\nExample Works GmbH\n"
    assert (mail["Subject"], mail["Content-Language"]) == ("您的订单 PO-1 已送达。", "zh")
    assert (mail["From"], mail["To"]) == ("Example Works GmbH <orders@works.example>", "buyer@weserland.example")
    assert mail["Date"].datetime == TOLD.occurred_at
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_notification_is_the_same_mail_whenever_it_is_written() -> None:
    first, again = (compose(TOLD, BUYER, SENDER) for _ in range(2))
    assert first.as_bytes() == again.as_bytes()
    assert first["Message-ID"] == "<c0ffee@works.example>"
    assert compose(replace(TOLD, event_id="decaf"), BUYER, SENDER)["Message-ID"] != first["Message-ID"]


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Your order 1 is confirmed.", "Your order 1 is confirmed."),
        ("word " * 30, "word " * 22 + "word …"),
        ("货" * 130, "货" * 119 + "…"),
        ("two\nlines", "two lines"),
        ("", "shipped"),
    ],
)
def test_the_subject_is_what_is_told_and_no_longer_than_a_line(text: str, subject: str) -> None:
    assert compose(replace(TOLD, text=text), BUYER, SENDER)["Subject"] == subject


@given(st.text(), st.text(), st.text(min_size=1))
def test_nothing_a_customer_writes_becomes_a_header(text: str, locale: str, event_id: str) -> None:
    attack = "\r\nBcc: all@example.com\r\n\r\nbody"
    mail = compose(replace(TOLD, text=text + attack, locale=locale + attack, event_id=event_id + attack), BUYER, SENDER)
    names = [*read(mail.as_bytes()).keys()]
    assert sorted(names) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "Content-Type",
         "Content-Transfer-Encoding", "MIME-Version"]
    )  # fmt: skip
    assert re.fullmatch(r"<[A-Za-z0-9_-]+@works\.example>", mail["Message-ID"])


@pytest.mark.parametrize(
    "address",
    ["", "buyer", "@x.example", "a@", "a@b.example, c@d.example", "a@b.example\nBcc: c@d.example", "A <a@b.example>",
     "a@b.example\0", "a b@c.example"],
)  # fmt: skip
def test_what_is_not_one_mailbox_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="is no e-mail address"):
        parse_address(address)


# --- sending -----------------------------------------------------------------------------------------


def server(port: int, **fields: Any) -> Server:
    values: dict[str, Any] = {"host": "127.0.0.1", "security": "none", "sender": SENDER}
    return Server(port=port, **(values | fields))


async def sent(tmp_path: Path, to: Server, *addresses: str, tries: int = 0) -> list[Answer]:
    """The answers to a message to a customer at each of the addresses; empty: it has none."""
    messages = []
    with MailQueue(tmp_path / "mail.sqlite3", forget=True) as queue:
        for number, address in enumerate(addresses):
            queue.know(f"C{number}", address)
            told = replace(TOLD, customer_id=f"C{number}", event_id=f"e{number}")
            messages.append(Message(number, Letter(f"e{number}", f"O{number}", "shipped", CODEC.encode(told)), tries))
        return [*await Mailbox(to, queue, CODEC).send(messages)]


async def test_each_recipient_has_an_answer_of_its_own(tmp_path: Path) -> None:
    inbox = Inbox({"full@x.example": "452 mailbox full", "gone@x.example": "550 no such user"})
    with smtp_serving(inbox) as port:
        answers = await sent(
            tmp_path, server(port), "a@x.example", "full@x.example", "", "gone@x.example", "no address", "b@x.example"
        )
    assert [each.outcome for each in answers] == ["sent", "later", "later", "refused", "refused", "sent"]
    assert answers[1].reason == "452 mailbox full"
    assert "has no e-mail address" in answers[2].reason
    assert [mail["To"] for mail in inbox.mails] == ["a@x.example", "b@x.example"]


async def test_a_customer_without_an_address_is_passed_over_when_none_has_come(tmp_path: Path) -> None:
    (answer,) = await sent(tmp_path, server(9), "", tries=2)
    assert answer.outcome == "passed"


async def test_a_server_that_is_away_is_tried_again(tmp_path: Path) -> None:
    answers = await sent(tmp_path, server(9), "a@x.example", "b@x.example")
    assert [each.outcome for each in answers] == ["later", "later"]
    assert "Connection refused" in answers[0].reason


async def test_starttls_is_insisted_on_and_the_certificate_is_looked_at(tmp_path: Path) -> None:
    certificate, tls = certified(tmp_path)
    inbox = Inbox()
    with smtp_serving(inbox) as port:
        (answer,) = await sent(tmp_path, server(port, host="localhost", security="starttls"), "a@x.example")
        assert answer.outcome == "later"
        assert "STARTTLS" in answer.reason
    with smtp_serving(inbox, tls_context=tls, require_starttls=True) as port:
        for ca_file, outcome in ((None, "later"), (certificate, "sent")):
            to = server(port, host="localhost", security="starttls", ca_file=ca_file)
            (answer,) = await sent(tmp_path, to, "a@x.example")
            assert answer.outcome == outcome
    assert len(inbox.mails) == 1


async def test_a_server_that_does_not_let_us_in_is_told_without_the_password(tmp_path: Path) -> None:
    certificate, tls = certified(tmp_path)

    def authenticator(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    inbox = Inbox()
    with smtp_serving(inbox, tls_context=tls, authenticator=authenticator, auth_required=True) as port:
        to = {"host": "localhost", "security": "starttls", "ca_file": certificate, "username": "hub"}
        (answer,) = await sent(tmp_path, server(port, password="right", **to), "a@x.example")
        assert answer.outcome == "sent"
        with pytest.raises(ConfigError, match="localhost does not let hub in") as raised:
            await sent(tmp_path, server(port, password="wrong", **to), "a@x.example")
    assert "wrong" not in str(raised.value)


def test_addresses_come_from_the_customers_records_and_change_with_them(tmp_path: Path) -> None:
    story = Story()
    story.customer(party=Party(name="Weserland", email="one@weserland.example"))
    story.place()
    with MailQueue(tmp_path / "mail.sqlite3") as queue:
        mailbox = Mailbox(server(9), queue, CODEC)
        for number, address in enumerate(("one@weserland.example", "two@weserland.example")):
            story.customer(party=Party(name="Weserland", email=address))
            account = story.account
            assert account
            kept = record(number, CUSTOMER.encode(), CODEC.encode(account), topic=CREDIT_STATE)
            assert [*mailbox.letters(kept)] == []
            assert queue.address(CUSTOMER) == address
        assert [*mailbox.letters(record(3, f"{CUSTOMER}\x1f{ORDER}".encode(), b"?", topic=CREDIT_STATE))] == []
        (told, *_) = story.sent(CustomerNotified)
        notification = record(0, ORDER.encode(), CODEC.encode(told), topic=CUSTOMER_NOTIFICATIONS)
        (letter,) = mailbox.letters(notification)
        assert (letter.message_id, letter.key) == (told.event_id, ORDER)

"""Notifications to customers through an SMTP server, and where each customer has its mailbox."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

from connectors.mail.composing import compose, parse_address
from connectors.outbound import decoded
from connectors.posting.posting import Answer
from connectors.posting.queue import Letter, Message, Queue
from hub.codec import Codec
from hub.domain.credit import CreditAccount
from hub.domain.effects import CustomerNotified
from hub.errors import ConfigError
from hub.runtime.spec import Record
from hub.topics import CREDIT_STATE, CUSTOMER_NOTIFICATIONS

TOPICS = (CREDIT_STATE, CUSTOMER_NOTIFICATIONS)
"""Addresses first."""
_BESIDE = b"\x1f"
"""In the keys of what `credit.state` holds beside the accounts."""
WAIT_FOR_ADDRESS = 3
"""Tries, as the account may be on its way still; then nobody is written to."""
_TEMPORARY = range(400, 500)
Security = Literal["starttls", "tls", "none"]


class MailQueue(Queue):
    """The messages that wait, and the customers' addresses."""

    tables = (
        f"{Queue.tables} create table if not exists addresses (customer_id text primary key, address text not null);"
    )

    def know(self, customer_id: str, address: str) -> None:
        """Where a customer has its mailbox; empty if it has none."""
        self._base.execute("insert or replace into addresses values (?, ?)", (customer_id, address))

    def address(self, customer_id: str) -> str:
        """As far as known."""
        row = self._base.execute("select address from addresses where customer_id = ?", (customer_id,)).fetchone()
        return row[0] if row else ""


@dataclass(frozen=True, slots=True)
class Server:
    """An SMTP server, and who sends through it."""

    host: str
    port: int
    security: Security
    sender: Address
    username: str | None = None
    password: str = ""
    ca_file: Path | None = None
    timeout_seconds: float = 30.0


class Mailbox:
    """All mailboxes, as one receiver: the server."""

    name = "mail"
    at_once = 50
    """Messages of one session with the server."""

    def __init__(
        self,
        server: Server,
        queue: MailQueue,
        codec: Codec,
        *,
        only_addresses: bool = False,
        wait_for_address: int = WAIT_FOR_ADDRESS,
    ) -> None:
        """`only_addresses`: read the accounts, and no notification."""
        self._wait_for_address = wait_for_address
        self.topics = TOPICS[:1] if only_addresses else TOPICS
        self.news = (CUSTOMER_NOTIFICATIONS,)
        self._server = server
        self._queue = queue
        self._codec = codec

    def letters(self, record: Record) -> Iterator[Letter]:
        """A notification's; an account's address is remembered. Raises CodecError."""
        if record.value is None or record.key is None:
            return
        if record.topic == CUSTOMER_NOTIFICATIONS:
            notified = decoded(self._codec, CustomerNotified, record)
            yield Letter(notified.event_id, notified.order_id, notified.kind, record.value)
        elif _BESIDE not in record.key:
            account = decoded(self._codec, CreditAccount, record)
            self._queue.know(account.customer_id, account.party.email if account.party else "")

    async def send(self, messages: Sequence[Message]) -> Sequence[Answer]:
        """In one session. Raises ConfigError if the server does not let us in."""
        written = [self._written(each) for each in messages]
        mails = [each for each in written if isinstance(each, EmailMessage)]
        answers = iter(await asyncio.to_thread(self._submit, mails) if mails else [])
        return [each if isinstance(each, Answer) else next(answers) for each in written]

    def _written(self, message: Message) -> EmailMessage | Answer:
        notified = self._codec.decode_as(CustomerNotified, message.letter.content)
        address = self._queue.address(notified.customer_id)
        if not address:
            outcome: Literal["passed", "later"] = "passed" if message.tries + 1 >= self._wait_for_address else "later"
            return Answer(outcome, f"customer {notified.customer_id} has no e-mail address")
        try:
            return compose(notified, parse_address(address), self._server.sender)
        except ValueError as error:
            return Answer("refused", f"customer {notified.customer_id}: {error}")

    def _submit(self, mails: Sequence[EmailMessage]) -> list[Answer]:
        answers: list[Answer] = []
        begun = time.perf_counter()
        try:
            with self._connected() as smtp:
                for mail in mails:
                    answer = _submitted(smtp, mail)
                    ended = time.perf_counter()
                    answers.append(replace(answer, seconds=ended - begun))
                    begun = ended
        except smtplib.SMTPAuthenticationError as error:
            raise ConfigError(
                f"{self._server.host} does not let {self._server.username} in ({error.smtp_code}): check "
                "HUB_MAIL_USERNAME and its password."
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            reason = f"{self._server.host}: {str(error) or type(error).__name__}"
            trouble = Answer("later", reason, seconds=time.perf_counter() - begun)
            answers += [trouble] * (len(mails) - len(answers))
        return answers

    def _connected(self) -> smtplib.SMTP:
        server, tls = self._server, self._tls()
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_seconds, context=tls)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=server.timeout_seconds)
        try:
            if server.security == "starttls":
                smtp.starttls(context=tls)
            if server.username is not None:
                smtp.login(server.username, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _tls(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._server.ca_file)
        except OSError as error:
            raise ConfigError(f"HUB_MAIL_CAFILE {self._server.ca_file} cannot be used: {error}") from error


def _submitted(smtp: smtplib.SMTP, mail: EmailMessage) -> Answer:
    """What the server says of one message. Raises when the session is over."""
    try:
        smtp.send_message(mail)
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPRecipientsRefused as error:
        ((code, text),) = error.recipients.values()
        return _refusal(code, text)
    except smtplib.SMTPResponseException as error:
        return _refusal(error.smtp_code, error.smtp_error)
    except smtplib.SMTPNotSupportedError as error:
        return Answer("refused", str(error))
    return Answer("sent")


def _refusal(code: int, text: bytes | str) -> Answer:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return Answer("later" if code in _TEMPORARY else "refused", f"{code} {' '.join(words.split())}")

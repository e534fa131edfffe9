"""An SMTP server that keeps what it gets."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


class Inbox:
    """An SMTP server's handler: has what came, and refuses whom it is told to."""

    def __init__(self, refused: Mapping[str, str] | None = None) -> None:
        self.mails: list[EmailMessage] = []
        self.refused = refused or {}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it by this name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Sequence[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.refused.get(address, "250 OK")

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@contextmanager
def smtp_serving(inbox: Inbox, **fields: Any) -> Iterator[int]:
    """The port of an SMTP server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **fields)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()

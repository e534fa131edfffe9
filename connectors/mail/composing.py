"""A notification as an e-mail: the same bytes whenever it is made."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import blake2b

from hub.domain.effects import CustomerNotified

_SUBJECT = 120
"""Characters of a subject, at most."""
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


def parse_address(text: str, name: str = "") -> Address:
    """One mailbox, `user@host`. Raises ValueError: it is none, or more than one, or would add to the headers."""
    try:
        address = Address(display_name=_line(name), addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        raise ValueError(f"{text!r} is no e-mail address") from error
    if not (address.username and address.domain and text.isprintable()):
        raise ValueError(f"{text!r} is no e-mail address")
    return address


def compose(notified: CustomerNotified, to: Address, sender: Address) -> EmailMessage:
    """The message. Its subject is what the customer is told, cut where it is long; its id is the notification's."""
    message = EmailMessage(policy=SMTP)
    message.set_content(f"{notified.text}\n\n{sender.display_name}\n")
    message["From"] = sender
    message["To"] = to
    message["Subject"] = _cut(_line(notified.text)) or notified.kind
    message["Date"] = notified.occurred_at
    message["Message-ID"] = f"<{_local_part(notified.event_id)}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = _line(notified.locale)
    return message


def _line(text: str) -> str:
    """In one line, without what could begin another or command a terminal."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())


def _cut(line: str) -> str:
    """Not longer than a subject should be, at the end of a word where there are words."""
    if len(line) <= _SUBJECT:
        return line
    begin, _, rest = line[: _SUBJECT - 1].rpartition(" ")
    return f"{begin} …" if len(rest) < _SUBJECT / 2 else f"{line[: _SUBJECT - 1]}…"


def _local_part(event_id: str) -> str:
    return event_id if _PLAIN_ID.fullmatch(event_id) else blake2b(event_id.encode(), digest_size=16).hexdigest()

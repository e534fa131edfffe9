"""The endpoints: who gets which records, where, and signed with what."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from connectors.declared import load_declared
from connectors.webhooks.guard import is_public
from connectors.webhooks.signing import keys_of
from hub.domain.customer import NOTIFICATION_KINDS
from hub.domain.effects import SettlementKind
from hub.domain.exceptions import KINDS
from hub.domain.headline import Headline
from hub.domain.model import Frozen
from hub.errors import ConfigError

Source = Literal["customer.notifications", "orders.exceptions", "orders.state", "settlements"]
_KINDS: Mapping[Source, Sequence[str]] = {
    "customer.notifications": NOTIFICATION_KINDS,
    "orders.exceptions": KINDS,
    "orders.state": get_args(Headline),
    "settlements": get_args(SettlementKind),
}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
MOST_TRIES, MOST_AT_ONCE, MOST_SECONDS = 100, 100, 120
_NUMERIC = re.compile(r"[\d.]+|.*:.*", re.ASCII)
"""A host that is taken for an address, and not looked up."""
_INTERNAL = "say `internal: true` if it is a server of yours"


class Filter(Frozen, forbid_unknown_fields=True, kw_only=True):
    """Which records of a topic an endpoint gets; all, where nothing is said."""

    kinds: tuple[str, ...] | None = None
    """Of notifications, exceptions and settlements their kind; of order states the status."""
    customers: tuple[str, ...] | None = None
    """Those of these customers; exceptions name none."""

    def wants(self, kind: str, customer_id: str) -> bool:
        """Whether the endpoint gets it."""
        return (self.kinds is None or kind in self.kinds) and (self.customers is None or customer_id in self.customers)


class Endpoint(Frozen, forbid_unknown_fields=True, kw_only=True):
    """One receiver."""

    name: str
    """Names its file in the state directory."""
    url: str
    topics: Mapping[Source, Filter]
    secret_env: str = ""
    """The environment variable with the secret."""
    secret_file: str = ""
    """Or the file with it."""
    internal: bool = False
    """Whether it is ours: at a private address, and without TLS if the URL says so."""
    ca_file: str = ""
    """PEM certificates its own is signed by; else the system's."""
    tries: int = 15
    """Until a message is set aside as a dead letter: about nine hours."""
    timeout_seconds: float = 15.0
    at_once: int = 8
    """Requests that may be on their way at a time, each about another order."""

    def keys(self) -> Sequence[bytes]:
        """What to sign with. Raises ConfigError."""
        if self.secret_file:
            where = self.secret_file
            try:
                secret = Path(where).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"The secret of webhook {self.name}, {where}, cannot be read: {error}") from error
        else:
            where, secret = self.secret_env, os.environ.get(self.secret_env, "")
        try:
            return keys_of(secret)
        except ValueError as error:
            raise ConfigError(f"The secret of webhook {self.name}, {where}, cannot be used: {error}.") from None


class _Book(Frozen, forbid_unknown_fields=True):
    endpoints: tuple[Endpoint, ...]


def load_endpoints(path: Path) -> Sequence[Endpoint]:
    """The endpoints of a file. Raises ConfigError, naming file and line."""
    return load_declared(path, _Book, "endpoints", _mistakes).endpoints


def _mistakes(book: _Book) -> Iterator[tuple[str, str]]:
    names: set[str] = set()
    for number, each in enumerate(book.endpoints):
        if each.name in names:
            yield f".endpoints[{number}].name", f"{each.name} stands there twice"
        names.add(each.name)
        for field, problem in (*_of_endpoint(each), *_of_topics(each.topics)):
            yield f".endpoints[{number}].{field}", problem


def _of_endpoint(each: Endpoint) -> Iterator[tuple[str, str]]:
    if not _NAME.fullmatch(each.name):
        yield "name", f"{each.name!r} is no name: small letters, digits, - and _"
    if problem := _of_url(each):
        yield "url", problem
    if bool(each.secret_env) == bool(each.secret_file):
        yield "name", f"say where the secret of {each.name} is: secret_env or secret_file"
    for field, value, most in (
        ("tries", each.tries, MOST_TRIES),
        ("at_once", each.at_once, MOST_AT_ONCE),
        ("timeout_seconds", each.timeout_seconds, MOST_SECONDS),
    ):
        if not 1 <= value <= most:
            yield field, f"give 1 to {most}"


def _of_topics(topics: Mapping[Source, Filter]) -> Iterator[tuple[str, str]]:
    if not topics:
        yield "topics", f"it has none; there are {', '.join(_KINDS)}"
    for topic, wanted in topics.items():
        if unknown := sorted(set(wanted.kinds or ()) - set(_KINDS[topic])):
            yield f"topics.{topic}", f"there is no kind {', '.join(unknown)}; there are {', '.join(_KINDS[topic])}"
        if topic == "orders.exceptions" and wanted.customers is not None:
            yield f"topics.{topic}", "exceptions do not say whose order they are about: leave customers out"


def _of_url(endpoint: Endpoint) -> str:
    try:
        parts = urlsplit(endpoint.url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"give https://host/path: {error}"
    if parts.scheme not in {"https", "http"} or not host:
        return "give https://host/path"
    if parts.username is not None or parts.fragment:
        return "leave out user, password and fragment: the signature says who sends"
    if endpoint.internal:
        return ""
    if parts.scheme != "https":
        return f"give https://, or {_INTERNAL}"
    return "" if _may_be_public(host) else f"{host} is no address of the internet; {_INTERNAL}"


def _may_be_public(host: str) -> bool:
    """Names are looked up when they are used; what is taken for an address is not."""
    try:
        return not _NUMERIC.fullmatch(host) or is_public(host)
    except ValueError:
        return False

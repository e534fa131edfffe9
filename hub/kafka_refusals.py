"""Why Kafka does not let a client in, or does not let it do something: a sentence that says what to change.

The client library keeps the reason to its log. So who could not connect asks once more, by hand.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedSaslMechanismError,
)

_PATIENCE_MS = 5_000
_CONNECTION = frozenset(
    ("client_id", "security_protocol", "ssl_context", "sasl_mechanism", "sasl_plain_username", "sasl_plain_password")
)
"""The arguments of a client that are about connecting."""
_REFUSED_LOGINS = (
    AuthenticationFailedError,
    SaslAuthenticationFailed,
    IllegalSaslStateError,
    UnsupportedSaslMechanismError,
)


class OutOfReach(NamedTuple):
    """Why no server of a Kafka takes a connection."""

    sentence: str
    final: bool
    """Whether waiting does not help."""


async def out_of_reach(client: Mapping[str, Any], error: BaseException) -> OutOfReach:
    """Tries to connect, and says what stands in the way of it; where nothing does, what the error was.

    `client` is what every aiokafka client takes (`Settings.kafka_client`).
    """
    where = client["bootstrap_servers"]
    reasons = [await _obstacle(client, host, port, error) for host, port, _ in collect_hosts(where)]
    reason, final = next((each for each in reasons if each[1]), reasons[0])
    return OutOfReach(f"Kafka at {where} {reason}.", final)


async def _obstacle(client: Mapping[str, Any], host: str, port: int, failed: BaseException) -> tuple[str, bool]:
    """What one server does instead of letting us in, and what to do about it; whether that is final."""
    protocol = client.get("security_protocol", "PLAINTEXT")
    arguments = {name: value for name, value in client.items() if name in _CONNECTION}
    try:
        connection = await create_conn(host, port, request_timeout_ms=_PATIENCE_MS, **arguments)
    except ssl.SSLCertVerificationError as error:
        remedy = "name a file of the certificates that its own is signed by with HUB_KAFKA_CAFILE"
        return f"shows a certificate that is not trusted ({error.verify_message}): {remedy}", True
    except _REFUSED_LOGINS as error:
        remedy = "check HUB_KAFKA_USERNAME, HUB_KAFKA_PASSWORD_FILE and HUB_KAFKA_SASL_MECHANISM"
        said = next((each for each in error.args if isinstance(each, str)), type(error).__name__)
        return f"refuses the login of {client.get('sasl_plain_username')} ({said}): {remedy}", True
    except ConnectionRefusedError:
        start = "start it (`hub broker start`) or " if protocol == "PLAINTEXT" else ""
        return f"does not answer (nobody listens): {start}set HUB_KAFKA_BOOTSTRAP", False
    except (KafkaError, OSError, TimeoutError) as error:
        said = _words(error)
        remedy = f"is {protocol} what it takes there? Else set HUB_KAFKA_SECURITY_PROTOCOL, or HUB_KAFKA_BOOTSTRAP"
        return f"does not answer as expected ({said}): {remedy}", False
    connection.close()
    return f"takes connections, but failed ({_words(failed)}): see its own log", False


def forbidden(client: Mapping[str, Any], error: BaseException) -> str | None:
    """What is missing for what Kafka did not let a client do; None if the error is another one."""
    match error:
        case TopicAuthorizationFailedError():
            what = _named(error, "one of its topics")
        case GroupAuthorizationFailedError():
            what = f"the consumer group {_named(error, 'it names')}"
        case TransactionalIdAuthorizationFailed():
            what = f"the transactional id {_named(error, 'it names')}"
        case ClusterAuthorizationFailedError():
            what = "any topic to write to"
        case _:
            return None
    who = client.get("sasl_plain_username") or "this client"
    return f"Kafka does not let {who} use {what}: grant what `hub topics acls` prints for its role."


def explained(client: Mapping[str, Any], error: BaseException) -> str:
    """What is missing, or else the error in its own words."""
    return forbidden(client, error) or _words(error)


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _named(error: KafkaError, otherwise: str) -> str:
    """What the error is about: a name, several, or a sentence of the library's that is worth nothing here."""
    match error.args:
        case (str() as name,) if " " not in name:
            return name
        case (Collection() as names,) if not isinstance(names, str):
            return ", ".join(sorted(map(str, names)))
    return otherwise

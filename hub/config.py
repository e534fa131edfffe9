"""Every setting of the hub: environment variables that begin with `HUB_`, e.g. `HUB_KAFKA_BOOTSTRAP`.

Read once, at a program's start, by `load()`; everything below the command line gets values as arguments.
"""

from __future__ import annotations

import difflib
import os
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, FilePath, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import ConfigError
from hub.topics import DEFAULT_PARTITIONS, MAX_EVENT_BYTES

PREFIX = "HUB_"

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class Settings(BaseSettings):
    """The settings, checked. Times are milliseconds, sizes bytes; each field's text is its documentation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    kafka_bootstrap: str = Field(
        default="127.0.0.1:9092",
        pattern=r"^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$",
        description="Where Kafka is: host:port, several with commas.",
    )
    kafka_security_protocol: SecurityProtocol = Field(
        default="PLAINTEXT", description="How to talk to Kafka; SSL and SASL_SSL encrypt."
    )
    kafka_sasl_mechanism: SaslMechanism = Field(default="SCRAM-SHA-512", description="How to log in, with SASL_*.")
    kafka_username: str | None = Field(default=None, description="Who logs in, with SASL_*.")
    kafka_password: SecretStr | None = Field(default=None, description="Its password; better in a file.")
    kafka_password_file: FilePath | None = Field(default=None, description="A file that holds the password.")
    kafka_cafile: FilePath | None = Field(
        default=None, description="PEM certificates that Kafka's is signed by, with SSL; else the system's."
    )
    kafka_certfile: FilePath | None = Field(default=None, description="PEM certificate of this client, with SSL.")
    kafka_keyfile: FilePath | None = Field(default=None, description="Its private key, if not in the same file.")

    app_id: str = Field(
        default="orderhub",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="Name of the consumer group and the transactions; the same in every worker of one hub.",
    )
    data_dir: Path = Field(
        default=Path(".hub/worker"),
        description="The worker's local stores: one worker per directory; may be deleted when stopped.",
    )
    partitions: int = Field(
        default=DEFAULT_PARTITIONS, ge=1, le=1024, description="Of every topic; fixed once the topics exist."
    )
    replication_factor: int = Field(
        default=1, ge=1, le=32767, description="Of topics the hub creates; 3 in production."
    )
    session_timeout_ms: int = Field(
        default=8_000, ge=1_000, le=300_000, description="A worker silent for so long loses its partitions."
    )
    transaction_timeout_ms: int = Field(
        default=20_000, ge=1_000, le=900_000, description="Kafka aborts a transaction open for so long."
    )
    max_batch_records: int = Field(default=5_000, ge=1, le=100_000, description="Most records in one transaction.")
    max_event_bytes: int = Field(
        default=MAX_EVENT_BYTES, ge=1_024, le=MAX_EVENT_BYTES, description="Larger events go to the dead letters."
    )
    broker_wait_ms: int = Field(
        default=60_000, ge=0, description="How long a starting worker waits for a Kafka that does not answer."
    )
    rules_dir: Path | None = Field(default=None, description="The rule set; the one that comes with the hub if unset.")
    rules_poll_ms: int = Field(
        default=5_000, ge=100, le=3_600_000, description="How often a worker looks whether the rule files have changed."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Interface of the worker's metrics page.")
    metrics_port: int = Field(default=9464, ge=0, le=65_535, description="Its port; 0 takes a free one.")
    metrics_token: SecretStr | None = Field(
        default=None, description="Whoever reads the metrics must send it as a bearer token; better in a file."
    )
    metrics_token_file: FilePath | None = Field(default=None, description="A file that holds the token.")
    sender_host: str = Field(default="127.0.0.1", description="Interface of the metrics page of `hub deliver`.")
    sender_port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="Its port, one for each that runs; 0 takes a free one; unset: no page.",
    )
    otlp_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="An OpenTelemetry collector for the spans of sampled orders, e.g. http://127.0.0.1:4318.",
    )
    intake_host: str = Field(default="127.0.0.1", description="Interface of `hub intake`.")
    intake_port: int = Field(default=8080, ge=0, le=65_535, description="Its port; 0 takes a free one.")
    intake_token: SecretStr | None = Field(
        default=None, description="What whoever sends events must show as a bearer token; better in a file."
    )
    intake_token_file: FilePath | None = Field(default=None, description="A file with such tokens, one a line.")
    intake_rate: int = Field(default=2_000, ge=1, le=1_000_000, description="Events a second that one token may send.")
    intake_waiting: int = Field(
        default=1_000, ge=1, le=100_000, description="Events that may wait for Kafka's acknowledgement at once."
    )
    mail_host: str | None = Field(default=None, description="SMTP server of `hub deliver mail`.")
    mail_port: int = Field(default=587, ge=1, le=65_535, description="Its port.")
    mail_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How to talk to it; starttls and tls encrypt, or do not talk."
    )
    mail_sender: str | None = Field(default=None, description="Whom e-mails come from: user@host.")
    mail_username: str | None = Field(default=None, description="Who logs in there, if it asks.")
    mail_password: SecretStr | None = Field(default=None, description="Its password; better in a file.")
    mail_password_file: FilePath | None = Field(default=None, description="A file that holds the password.")
    mail_cafile: FilePath | None = Field(
        default=None, description="PEM certificates that the server's is signed by; else the system's."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least that is logged.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL"):
            if self.kafka_username is None:
                raise ValueError("SASL needs HUB_KAFKA_USERNAME")
            if (self.kafka_password is None) == (self.kafka_password_file is None):
                raise ValueError("SASL needs either HUB_KAFKA_PASSWORD_FILE or HUB_KAFKA_PASSWORD")
        if self.metrics_token is not None and self.metrics_token_file is not None:
            raise ValueError("give either HUB_METRICS_TOKEN_FILE or HUB_METRICS_TOKEN")
        if self.intake_token is not None and self.intake_token_file is not None:
            raise ValueError("give either HUB_INTAKE_TOKEN_FILE or HUB_INTAKE_TOKEN")
        if self.mail_username is not None:
            if (self.mail_password is None) == (self.mail_password_file is None):
                raise ValueError("HUB_MAIL_USERNAME needs either HUB_MAIL_PASSWORD_FILE or HUB_MAIL_PASSWORD")
            if self.mail_security == "none":
                raise ValueError("HUB_MAIL_SECURITY=none would send the password for anybody to read")
        if self.transaction_timeout_ms < self.session_timeout_ms:
            raise ValueError("HUB_TRANSACTION_TIMEOUT_MS must not be below HUB_SESSION_TIMEOUT_MS")
        return self

    def kafka_security(self) -> dict[str, Any]:
        """What every aiokafka client needs to be let in, beside where Kafka is.

        Raises:
            ConfigError: a certificate, key or password file cannot be used.
        """
        security: dict[str, Any] = {"security_protocol": self.kafka_security_protocol}
        if "SSL" in self.kafka_security_protocol:
            security["ssl_context"] = self._ssl_context()
        if self.kafka_security_protocol.startswith("SASL"):
            security["sasl_mechanism"] = self.kafka_sasl_mechanism
            security["sasl_plain_username"] = self.kafka_username
            security["sasl_plain_password"] = self._password()
        return security

    def kafka_client(self) -> dict[str, Any]:
        """The keyword arguments every aiokafka client takes: where Kafka is, and how to be let in."""
        return {"bootstrap_servers": self.kafka_bootstrap, **self.kafka_security()}

    def _ssl_context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.kafka_cafile)
            if self.kafka_certfile:
                context.load_cert_chain(self.kafka_certfile, self.kafka_keyfile)
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError(
                f"Kafka's TLS files cannot be used ({error}): check HUB_KAFKA_CAFILE, _CERTFILE and _KEYFILE."
            ) from error
        return context

    def _password(self) -> str:
        return _either(self.kafka_password, "kafka_password_file", self.kafka_password_file)

    def mail_login_password(self) -> str:
        """The password for the SMTP server, empty if there is none.

        Raises:
            ConfigError: its file cannot be read.
        """
        return _either(self.mail_password, "mail_password_file", self.mail_password_file)

    def metrics_bearer(self) -> str | None:
        """The token that readers of the metrics must send; None if everybody may read them.

        Raises:
            ConfigError: the token's file cannot be read or is empty.
        """
        if self.metrics_token_file is None:
            return self.metrics_token.get_secret_value() if self.metrics_token else None
        token = _secret("metrics_token_file", self.metrics_token_file)
        if not token:
            raise ConfigError(f"HUB_METRICS_TOKEN_FILE {self.metrics_token_file} is empty: write the token into it.")
        return token

    def intake_tokens(self) -> frozenset[str]:
        """The tokens that whoever sends events over HTTP must show one of.

        Raises:
            ConfigError: there is none, or their file cannot be read.
        """
        if self.intake_token_file is not None:
            tokens = _secret("intake_token_file", self.intake_token_file).split()
        else:
            tokens = [self.intake_token.get_secret_value()] if self.intake_token else []
        if not tokens:
            raise ConfigError(
                "Nobody could send events: name a file of tokens, one a line, with HUB_INTAKE_TOKEN_FILE."
            )
        return frozenset(tokens)


def load() -> Settings:
    """The settings of this process, from its environment.

    Raises:
        ConfigError: naming every wrong variable, and those that look like a misspelt one.
    """
    mistakes = [f"{name} is unknown, {near} is meant" for name, near in _misspelt(os.environ)]
    try:
        settings = Settings()
    except ValidationError as error:
        mistakes += [_sentence(problem["loc"], problem["msg"]) for problem in error.errors(include_input=False)]
    if mistakes:
        raise ConfigError(f"Wrong settings: {'; '.join(mistakes)}.")
    return settings


def _either(given: SecretStr | None, field: str, path: Path | None) -> str:
    """A secret that stands in a variable, or in a file."""
    if path is None:
        return given.get_secret_value() if given else ""
    return _secret(field, path)


def _secret(field: str, path: Path) -> str:
    """What a file of `field` holds."""
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{variable(field)} {path} cannot be read: {error}.") from error


def variable(field: str) -> str:
    """The environment variable of a field of `Settings`."""
    return PREFIX + field.upper()


def _misspelt(names: Iterable[str]) -> list[tuple[str, str]]:
    """Unknown variables that are close to a known one; others that begin with `HUB_` may be somebody else's."""
    known = [variable(field) for field in Settings.model_fields]
    strange = [name for name in names if name.startswith(PREFIX) and name not in known]
    return [(name, near) for name in strange for near in difflib.get_close_matches(name, known, n=1, cutoff=0.9)]


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{variable(str(location[0]))}: {text}" if location else text

"""The settings for TLS and a login are what a Kafka that demands both lets in."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hub import kafka_admin, kafka_jars
from hub.broker import HOST, EmbeddedBroker
from hub.config import Settings
from hub.errors import BrokerError

PORT, CONTROLLER_PORT, SECURE_PORT = 19_941, 19_942, 19_943
"""Below the range that brokers choose from."""


def _keytool(*arguments: str | Path) -> None:
    keytool = Path(kafka_jars.java()).resolve().with_name("keytool")
    subprocess.run([keytool, *arguments], check=True, capture_output=True)


def _make_certificate(directory: Path, name: str) -> Path:
    """A key in `<name>.p12`, and the certificate it signed itself, in PEM."""
    store = ("-keystore", directory / f"{name}.p12", "-storepass", "changeit", "-alias", name)
    use = ("-ext", f"san=ip:{HOST}", "-ext", "bc:c=ca:true", "-ext", "ku:c=digitalSignature,keyCertSign")
    _keytool("-genkeypair", *store, "-keyalg", "RSA", "-dname", "CN=kafka", "-validity", "30", *use)
    _keytool("-exportcert", "-rfc", *store, "-file", directory / f"{name}.pem")
    return directory / f"{name}.pem"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    _make_certificate(directory, "kafka")
    _make_certificate(directory, "stranger")
    return directory


@pytest.fixture(scope="module")
async def _secure_kafka(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    listeners = f"PLAINTEXT://{HOST}:{PORT},CONTROLLER://{HOST}:{CONTROLLER_PORT},SECURE://{HOST}:{SECURE_PORT}"
    login = "org.apache.kafka.common.security.plain.PlainLoginModule"
    properties = {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.bootstrap.servers": f"{HOST}:{CONTROLLER_PORT}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
        "listener.name.secure.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.secure.plain.sasl.jaas.config": f'{login} required user_hub="s3cret";',
        "listener.name.secure.ssl.keystore.location": str(certificates / "kafka.p12"),
        "listener.name.secure.ssl.keystore.password": "changeit",
    }
    async with EmbeddedBroker(tmp_path_factory.mktemp("kafka"), port=PORT, properties=properties):
        yield


@pytest.fixture
def settings(_secure_kafka: None, certificates: Path, tmp_path: Path) -> Callable[..., Settings]:
    """Settings that are right, but for what is named."""
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    right = {
        "kafka_bootstrap": f"{HOST}:{SECURE_PORT}",
        "kafka_security_protocol": "SASL_SSL",
        "kafka_sasl_mechanism": "PLAIN",
        "kafka_username": "hub",
        "kafka_password_file": password,
        "kafka_cafile": certificates / "kafka.pem",
    }
    return lambda **wrong: Settings.model_validate(right | wrong)


async def _topics(settings: Settings) -> list[str]:
    async with kafka_admin.connect(settings.kafka_client()) as admin:
        return list(await admin.list_topics())


async def test_with_certificate_and_password_the_hub_is_let_in(settings: Callable[..., Settings]) -> None:
    assert await _topics(settings()) == []


async def test_a_wrong_password_is_refused(settings: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("guessed")
    with pytest.raises(
        BrokerError, match=f"Kafka at {HOST}:{SECURE_PORT} does not answer or does not let us in .*USERNAME"
    ):
        await _topics(settings(kafka_password_file=tmp_path / "wrong"))


async def test_a_kafka_with_another_certificate_is_not_trusted(
    settings: Callable[..., Settings], certificates: Path
) -> None:
    with pytest.raises(BrokerError, match=f"Kafka at {HOST}:{SECURE_PORT} does not answer"):
        await _topics(settings(kafka_cafile=certificates / "stranger.pem"))


async def test_without_encryption_a_kafka_that_demands_it_is_out_of_reach(settings: Callable[..., Settings]) -> None:
    with pytest.raises(BrokerError, match=f"Kafka at {HOST}:{SECURE_PORT} does not answer"):
        await _topics(settings(kafka_security_protocol="SASL_PLAINTEXT"))

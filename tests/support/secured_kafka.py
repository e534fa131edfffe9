"""A Kafka that lets in over TLS whoever has a password, each to what `hub.access` grants and to nothing else."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from confluent_kafka import admin

from hub import kafka_jars
from hub.access import Role
from hub.broker import HOST, EmbeddedBroker, free_ports
from hub.config import Settings

_MECHANISM = "SCRAM-SHA-512"
_TYPES = {
    "topic": admin.ResourceType.TOPIC,
    "group": admin.ResourceType.GROUP,
    "transactional-id": admin.ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS = {
    "Read": admin.AclOperation.READ,
    "Write": admin.AclOperation.WRITE,
    "Create": admin.AclOperation.CREATE,
    "Describe": admin.AclOperation.DESCRIBE,
    "DescribeConfigs": admin.AclOperation.DESCRIBE_CONFIGS,
}


@dataclass(frozen=True)
class SecuredKafka:
    """One that runs. Every role of it has a user of its name."""

    directory: Path
    port: int
    secure_port: int

    @property
    def cafile(self) -> Path:
        """The certificate that its own is signed by: itself."""
        return self.directory / "kafka.pem"

    @property
    def bootstrap(self) -> str:
        """Where it takes everybody with a login."""
        return f"{HOST}:{self.secure_port}"

    @property
    def backdoor(self) -> str:
        """Where it takes everybody, for anything: for the set-up, and for looking on."""
        return f"{HOST}:{self.port}"

    def password_file(self, user: str) -> Path:
        return self.directory / f"{user}.password"

    def librdkafka(self, user: str) -> dict[str, Any]:
        """The settings of Confluent's client that logs in as a user."""
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": _MECHANISM,
            "sasl.username": user,
            "sasl.password": self.password_file(user).read_text().strip(),
            "ssl.ca.location": str(self.cafile),
            "log_level": 0,
        }

    def environment(self, user: str) -> dict[str, str]:
        """The settings of a hub's program that logs in as a user."""
        return {
            "HUB_KAFKA_BOOTSTRAP": self.bootstrap,
            "HUB_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "HUB_KAFKA_SASL_MECHANISM": _MECHANISM,
            "HUB_KAFKA_USERNAME": user,
            "HUB_KAFKA_PASSWORD_FILE": str(self.password_file(user)),
            "HUB_KAFKA_CAFILE": str(self.cafile),
        }

    def settings(self, user: str, **other: object) -> Settings:
        """The same as a value, but for what is given otherwise."""
        given = {name.removeprefix("HUB_").lower(): value for name, value in self.environment(user).items()}
        return Settings.model_validate(given | other)


@asynccontextmanager
async def secured_kafka(directory: Path, roles: Iterable[Role], app_id: str) -> AsyncIterator[SecuredKafka]:
    """Starts one, with a user for each role, who may what the role may."""
    port, controller_port, secure_port = islice(free_ports(), 3)
    kafka = SecuredKafka(directory, port, secure_port)
    make_certificate(directory, "kafka")
    listeners = f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port},SECURE://{HOST}:{secure_port}"
    login = "org.apache.kafka.common.security.scram.ScramLoginModule"
    properties = {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller_port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
        "listener.name.secure.sasl.enabled.mechanisms": _MECHANISM,
        f"listener.name.secure.{_MECHANISM.lower()}.sasl.jaas.config": f"{login} required;",
        "listener.name.secure.ssl.keystore.location": str(directory / "kafka.p12"),
        "listener.name.secure.ssl.keystore.password": "changeit",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",  # the broker itself, and this set-up, over the listener without a login
    }
    async with EmbeddedBroker(directory / "kafka", port=port, properties=properties):
        await asyncio.to_thread(_let_in, kafka, tuple(roles), app_id)
        yield kafka


def make_certificate(directory: Path, name: str) -> Path:
    """A key in `<name>.p12`, and the certificate it signed itself, in PEM."""
    store = ("-keystore", directory / f"{name}.p12", "-storepass", "changeit", "-alias", name)
    use = ("-ext", f"san=ip:{HOST}", "-ext", "bc:c=ca:true", "-ext", "ku:c=digitalSignature,keyCertSign")
    _keytool("-genkeypair", *store, "-keyalg", "RSA", "-dname", "CN=kafka", "-validity", "30", *use)
    _keytool("-exportcert", "-rfc", *store, "-file", directory / f"{name}.pem")
    return directory / f"{name}.pem"


def _keytool(*arguments: str | Path) -> None:
    keytool = Path(kafka_jars.java()).resolve().with_name("keytool")
    subprocess.run([keytool, *arguments], check=True, capture_output=True)


def _let_in(kafka: SecuredKafka, roles: Iterable[Role], app_id: str) -> None:
    client = admin.AdminClient({"bootstrap.servers": kafka.backdoor})
    logins: list[admin.UserScramCredentialAlteration] = []
    bindings = []
    for role in roles:
        password = f"the-password-of-{role.name}"
        kafka.password_file(role.name).write_text(f"{password}\n")
        info = admin.ScramCredentialInfo(admin.ScramMechanism.SCRAM_SHA_512, 4096)
        logins.append(admin.UserScramCredentialUpsertion(role.name, info, password.encode()))
        bindings += [
            admin.AclBinding(
                _TYPES[grant.resource],
                grant.name,
                admin.ResourcePatternType.PREFIXED if grant.prefixed else admin.ResourcePatternType.LITERAL,
                f"User:{role.name}",
                "*",
                _OPERATIONS[grant.operation],
                admin.AclPermissionType.ALLOW,
            )
            for grant in role.grants(app_id)
        ]
    for answer in (*client.alter_user_scram_credentials(logins).values(), *client.create_acls(bindings).values()):
        answer.result()

"""Settings come from the environment, are checked, and a mistake is a sentence."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from hub.config import load
from hub.errors import ConfigError


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)


def _refused(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as refusal:
        load()
    return str(refusal.value)


def test_without_any_variable_the_hub_talks_to_a_local_kafka_in_plain() -> None:
    assert load().kafka_client() == {"bootstrap_servers": "127.0.0.1:9092", "security_protocol": "PLAINTEXT"}


def test_the_metrics_page_is_local_unless_asked_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().metrics_host == "127.0.0.1"
    monkeypatch.setenv("HUB_METRICS_HOST", "0.0.0.0")  # noqa: S104
    assert load().metrics_host == "0.0.0.0"  # noqa: S104


def test_every_mistake_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    said = _refused(monkeypatch, HUB_PARTITIONS="0", HUB_KAFKA_BOOTSTRAP="kafka")
    assert said.startswith("Wrong settings: HUB_KAFKA_BOOTSTRAP: ")
    assert "; HUB_PARTITIONS: Input should be greater than or equal to 1." in said


def test_a_misspelt_variable_is_refused_with_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    said = _refused(monkeypatch, HUB_KAFKA_BOOTSRAP="kafka:9092")
    assert said == "Wrong settings: HUB_KAFKA_BOOTSRAP is unknown, HUB_KAFKA_BOOTSTRAP is meant."


def test_variables_of_somebody_else_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SERVICE_PORT", "tcp://10.0.0.1:80")
    load()


def test_the_transaction_timeout_may_not_be_below_the_session_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    said = _refused(monkeypatch, HUB_TRANSACTION_TIMEOUT_MS="5000")
    assert said == "Wrong settings: HUB_TRANSACTION_TIMEOUT_MS must not be below HUB_SESSION_TIMEOUT_MS."


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({}, "HUB_KAFKA_USERNAME"),
        ({"HUB_KAFKA_USERNAME": "hub"}, "either HUB_KAFKA_PASSWORD_FILE or HUB_KAFKA_PASSWORD"),
        (
            {"HUB_KAFKA_USERNAME": "hub", "HUB_KAFKA_PASSWORD": "a", "HUB_KAFKA_PASSWORD_FILE": "/etc/hostname"},
            "either HUB_KAFKA_PASSWORD_FILE or HUB_KAFKA_PASSWORD",
        ),
    ],
)
def test_a_login_needs_a_name_and_one_password(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], missing: str
) -> None:
    assert missing in _refused(monkeypatch, HUB_KAFKA_SECURITY_PROTOCOL="SASL_SSL", **variables)


def test_a_password_reaches_kafka_from_a_file_and_no_print(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    monkeypatch.setenv("HUB_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("HUB_KAFKA_USERNAME", "hub")
    monkeypatch.setenv("HUB_KAFKA_PASSWORD_FILE", str(tmp_path / "password"))
    client = load().kafka_client()
    assert client["sasl_plain_password"] == "s3cret"
    assert client["sasl_mechanism"] == "SCRAM-SHA-512"
    assert isinstance(client["ssl_context"], ssl.SSLContext)
    assert client["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert client["ssl_context"].check_hostname


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_showing_the_settings_hides_the_password(flags: list[str]) -> None:
    secret = {"HUB_KAFKA_PASSWORD": "s3cret", "HUB_KAFKA_USERNAME": "clerk"}
    command = [str(Path(sys.executable).with_name("hub")), "config", "show", *flags]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | secret)
    assert "clerk" in shown.stdout
    assert "s3cret" not in shown.stdout


def test_a_wrong_password_setting_is_refused_without_printing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said = _refused(monkeypatch, HUB_KAFKA_PASSWORD="s3cret", HUB_PARTITIONS="x")
    assert "s3cret" not in said


def test_a_certificate_file_that_is_none_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    monkeypatch.setenv("HUB_KAFKA_SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv("HUB_KAFKA_CAFILE", str(tmp_path / "ca.pem"))
    with pytest.raises(ConfigError, match="Kafka's TLS files cannot be used"):
        load().kafka_client()
    assert "HUB_KAFKA_CAFILE" in _refused(monkeypatch, HUB_KAFKA_CAFILE=str(tmp_path / "absent.pem"))


def test_the_token_of_the_metrics_comes_from_the_environment_or_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert load().metrics_bearer() is None
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    monkeypatch.setenv("HUB_METRICS_TOKEN", "from-outside")
    settings = load()
    assert settings.metrics_bearer() == "from-outside"
    assert "from-outside" not in repr(settings)
    assert _refused(monkeypatch, HUB_METRICS_TOKEN_FILE=str(file)) == (
        "Wrong settings: give either HUB_METRICS_TOKEN_FILE or HUB_METRICS_TOKEN."
    )
    monkeypatch.delenv("HUB_METRICS_TOKEN")
    assert load().metrics_bearer() == "from-a-file"
    file.write_text("\n")
    with pytest.raises(ConfigError, match=r"HUB_METRICS_TOKEN_FILE .* is empty"):
        load().metrics_bearer()


def test_the_tokens_of_the_intake_come_from_the_environment_or_a_file_and_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="Nobody could send events: name a file of tokens, one a line"):
        load().intake_tokens()
    file = tmp_path / "tokens"
    file.write_text("shop-token\n\ncrm-token\n")
    monkeypatch.setenv("HUB_INTAKE_TOKEN", "from-outside")
    assert load().intake_tokens() == {"from-outside"}
    assert "from-outside" not in repr(load())
    assert _refused(monkeypatch, HUB_INTAKE_TOKEN_FILE=str(file)) == (
        "Wrong settings: give either HUB_INTAKE_TOKEN_FILE or HUB_INTAKE_TOKEN."
    )
    monkeypatch.delenv("HUB_INTAKE_TOKEN")
    assert load().intake_tokens() == {"shop-token", "crm-token"}
    file.write_text("\n")
    with pytest.raises(ConfigError, match="Nobody could send events"):
        load().intake_tokens()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "HUB_MAIL_USERNAME needs either HUB_MAIL_PASSWORD_FILE or HUB_MAIL_PASSWORD"),
        (
            {"HUB_MAIL_PASSWORD": "s3cret", "HUB_MAIL_SECURITY": "none"},
            "HUB_MAIL_SECURITY=none would send the password for anybody to read",
        ),
    ],
)
def test_a_mail_server_is_logged_in_to_with_a_password_nobody_can_read(
    variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = _refused(monkeypatch, HUB_MAIL_USERNAME="hub", **variables)
    assert said in refusal
    assert "s3cret" not in refusal


def test_the_mail_servers_password_comes_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    monkeypatch.setenv("HUB_MAIL_USERNAME", "hub")
    monkeypatch.setenv("HUB_MAIL_PASSWORD_FILE", str(tmp_path / "password"))
    settings = load()
    assert settings.mail_login_password() == "s3cret"
    assert "s3cret" not in repr(settings)

"""Every command: its examples, its page, its exit statuses, and one sentence for whoever makes a mistake."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from hub.access import ROLES
from hub.cli import app, main
from hub.cli.exits import Exit
from hub.cli.manual import EXAMPLES, commands, page
from hub.config import Settings, variable

ROOT = Path(__file__).parents[2]
COMMANDS: dict[str, Any] = dict(commands(app))
AWAY = {
    "HUB_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "HUB_BROKER_WAIT_MS": "0",
    "HUB_MAIL_HOST": "127.0.0.1",
    "HUB_MAIL_SENDER": "orders@works.example",
    "SHOP_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
"""Nothing listens on Kafka's port."""

WRONG_INPUT: dict[str, str] = {
    "broker start": "broker start --port 99999999",
    "broker status": "broker status --data-dir {missing}",
    "broker stop": "broker stop --data-dir {missing}",
    "collect folder": "collect folder {file} --once",
    "collect outbox": "collect outbox nonsense://x --once",
    "config show": "config show --jason",
    "deliver documents": "deliver documents {missing} --partners {missing}",
    "deliver mail": "deliver mail",
    "deliver sql": "deliver sql nonsense://x",
    "deliver webhooks": "deliver webhooks {missing}",
    "demo": "demo --orders 1",
    "dlq drop": "dlq drop --reason x",
    "dlq list": "dlq list --since yesterday",
    "dlq replay": "dlq replay --reason x",
    "dlq show": "dlq show",
    "doctor": "doctor --role nobody",
    "exceptions assign": "exceptions assign abc",
    "exceptions list": "exceptions list extra",
    "exceptions resolve": "exceptions resolve",
    "export ocel": "export ocel {directory}/log.txt",
    "export orders": "export orders --csv",
    "insight": "insight --from yesterday",
    "monitor check": "monitor check {missing}",
    "monitor explain": "monitor explain",
    "monitor export": "monitor export {file}",
    "monitor list": "monitor list extra",
    "order command": "order command SO-1 explode",
    "order list": "order list --status nowhere",
    "order show": "order show",
    "order watch": "order watch --customer",
    "reconcile": "reconcile --from yesterday",
    "rules check": "rules check {missing}",
    "rules explain": "rules explain",
    "schemas check": "schemas check --dir {missing}",
    "schemas list": "schemas list --dir {missing}",
    "schemas publish": "schemas publish --dir {file}",
    "schemas push": "schemas push http://127.0.0.1:1",
    "schemas release": "schemas release --dir {missing}",
    "schemas show": "schemas show no-such-schema",
    "send": "send {missing}/orders.edi --dry-run",
    "settle compute": "settle compute {missing}",
    "settle export": "settle export --csv",
    "settle recompute": "settle recompute {missing}",
    "settle show": "settle show",
    "simulate": "simulate no-such-scenario",
    "tail": "tail no.such.topic",
    "topics acls": "topics acls clerk",
    "topics list": "topics list --jason",
}
"""By command, how it may be used wrongly; the others take no input that could be wrong."""
WITHOUT_INPUT = {"broker fetch", "intake", "lifecycle", "manual", "topics check", "topics create", "worker"}

NEEDS_KAFKA: dict[str, str] = {
    "collect folder": "collect folder {directory} --once",
    "collect outbox": "collect outbox sqlite://{directory}/box.sqlite3 --create --once",
    "deliver documents": "deliver documents {directory} --partners examples/partners.yaml --once",
    "deliver mail": "deliver mail --state {directory}/mail.sqlite3 --once",
    "deliver sql": "deliver sql sqlite://{directory}/made.sqlite3 --once",
    "deliver webhooks": "deliver webhooks examples/endpoints.yaml --endpoint shop --state {directory} --once",
    "dlq drop": "dlq drop --every --reason x",
    "dlq list": "dlq list",
    "dlq replay": "dlq replay --every --reason x",
    "dlq show": "dlq show orders.events-0@0",
    "exceptions assign": "exceptions assign abc --to mei",
    "exceptions list": "exceptions list",
    "exceptions resolve": "exceptions resolve abc --reason x",
    "export ocel": "export ocel {directory}/log.json",
    "export orders": "export orders --csv {directory}/out",
    "insight": "insight",
    "monitor explain": "monitor explain SO-1",
    "monitor list": "monitor list",
    "order command": "order command SO-1 cancel --role order-desk --reason x",
    "order list": "order list",
    "order show": "order show SO-1",
    "order watch": "order watch",
    "reconcile": "reconcile",
    "rules explain": "rules explain SO-1",
    "send": "send examples/orders.jsonl",
    "settle export": "settle export --csv {directory}/out",
    "settle show": "settle show SO-1",
    "simulate": "simulate calm-day",
    "tail": "tail settlements",
    "topics check": "topics check",
    "topics create": "topics create",
}
PROGRAMS = {"intake", "worker"}
"""They need Kafka too; they are run as processes of their own."""
WITHOUT_A_ROLE = {
    "broker fetch", "broker start", "broker status", "broker stop", "config show", "demo", "lifecycle", "manual",
    "monitor check", "monitor export", "rules check", "schemas check", "schemas list", "schemas publish",
    "schemas push", "schemas release", "schemas show", "settle compute", "settle recompute", "simulate", "topics acls",
    "topics list",
}  # fmt: skip
"""They ask no Kafka, or one for trying things out, where nobody needs a login: there `simulate` plays everybody."""
IN_ITS_OUTPUT = {"send", "settle recompute"}
"""What is wrong with one of several documents stands among what is said of the others."""


def run(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """`hub LINE` in this process, from the repository's directory: status, output, errors."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory/box.sqlite3").touch()
    places = {"missing": tmp_path / "missing", "file": tmp_path / "file", "directory": tmp_path / "directory"}
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["hub", *line.format(**places).split()])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def is_a_sentence(text: str) -> bool:
    """Whether it is one line that a person can read."""
    return text.count("\n") == 1 and text.startswith("hub: ") and len(text) > 20 and "Traceback" not in text


def test_every_command_is_tried_with_wrong_input() -> None:
    assert set(WRONG_INPUT) | WITHOUT_INPUT == set(COMMANDS)
    assert not set(WRONG_INPUT) & WITHOUT_INPUT


def test_every_command_has_one_role_that_it_logs_in_to_kafka_with_or_needs_none() -> None:
    named = [command for role in ROLES.values() for command in role.commands]
    roles = {name: [each for each in named if f"{name} ".startswith(f"{each} ")] for name in COMMANDS}
    assert {name: len(found) for name, found in roles.items()} == {
        name: int(name not in WITHOUT_A_ROLE) for name in COMMANDS
    }, "name each command in one role of hub/access.py, or in WITHOUT_A_ROLE"
    assert {each for found in roles.values() for each in found} == set(named), "there is no such command any more"
    assert {*NEEDS_KAFKA, *PROGRAMS} & WITHOUT_A_ROLE == {"simulate"}


@pytest.mark.parametrize("name", WRONG_INPUT)
def test_wrong_input_is_told_in_one_sentence(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, output, errors = run(WRONG_INPUT[name], tmp_path, monkeypatch, capsys)
    assert status in {Exit.FAILED, Exit.USAGE, Exit.UNREADABLE}
    assert "Traceback" not in output + errors
    if name not in IN_ITS_OUTPUT:
        assert (output, is_a_sentence(errors)) == ("", True), errors
    else:
        assert "No such file or directory" in output + errors


@pytest.mark.parametrize("name", NEEDS_KAFKA)
def test_a_kafka_that_is_away_is_told_in_one_sentence_with_the_remedy(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for setting, value in AWAY.items():
        monkeypatch.setenv(setting, value)
    status, output, errors = run(NEEDS_KAFKA[name], tmp_path, monkeypatch, capsys)
    assert (status, output) == (Exit.FAILED, "")
    assert is_a_sentence(errors), errors
    assert "127.0.0.1:1" in errors
    assert "HUB_KAFKA_BOOTSTRAP" in errors


def test_the_doctor_finds_a_kafka_that_is_away_and_looks_at_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for setting, value in AWAY.items():
        monkeypatch.setenv(setting, value)
    status, output, errors = run("doctor --registry http://127.0.0.1:1", tmp_path, monkeypatch, capsys)
    assert (status, errors) == (Exit.FAILED, "")
    assert re.search(r"failed  broker: Kafka at 127\.0\.0\.1:1 .*\n +→ .*HUB_KAFKA_BOOTSTRAP", output)
    assert "disk: the worker's" in output
    assert "warning registry: " in output


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_that_finds_no_kafka_ends_with_a_sentence(name: str, tmp_path: Path) -> None:
    settings = {**AWAY, "HUB_INTAKE_TOKEN": "token", "HUB_DATA_DIR": str(tmp_path), "HUB_METRICS_PORT": "0"}
    ended = subprocess.run(
        [sys.executable, "-m", "hub", name],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == Exit.FAILED
    assert is_a_sentence(ended.stderr.splitlines(keepends=True)[-1])
    assert "Traceback" not in ended.stderr + ended.stdout


SECRET_FIELDS = [name for name, field in Settings.model_fields.items() if SecretStr in get_args(field.annotation)]
CANARIES = {variable(name): f"canary-{name}" for name in SECRET_FIELDS} | {"PGPASSWORD": "canary-database"}
DEBUG = {
    **AWAY,
    **CANARIES,
    "HUB_LOG_LEVEL": "debug",
    "HUB_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "HUB_KAFKA_USERNAME": "clerk",
    "HUB_MAIL_USERNAME": "clerk",
}
"""Every setting that is a secret, and the most that can be logged."""
WITH_SECRETS = ("collect outbox postgresql://hub:canary-url@127.0.0.1:1/shop --once", "config show --json")
"""Further ways to tell one."""


def test_every_secret_has_a_canary() -> None:
    assert {"kafka_password", "metrics_token", "intake_token", "mail_password"} <= set(SECRET_FIELDS)
    assert not [
        name
        for name in Settings.model_fields
        if re.search("password$|token$|secret$", name)
        if name not in SECRET_FIELDS
    ]


@pytest.mark.parametrize(
    "line", [*WRONG_INPUT.values(), *NEEDS_KAFKA.values(), *sorted(WITHOUT_INPUT - PROGRAMS), *WITH_SECRETS]
)
def test_no_command_tells_a_secret(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in DEBUG.items():
        monkeypatch.setenv(name, value)
    _, output, errors = run(line, tmp_path, monkeypatch, capsys)
    assert "canary" not in output + errors


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_no_program_tells_a_secret(name: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "hub", name],
        env={**os.environ, **DEBUG, "HUB_DATA_DIR": str(tmp_path), "HUB_METRICS_PORT": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == Exit.FAILED
    assert "127.0.0.1:1" in ended.stderr
    assert "canary" not in ended.stderr + ended.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_examples_that_it_would_take(name: str) -> None:
    assert EXAMPLES.get(name), f"add examples of `hub {name}` to hub/cli/manual.py"
    for example in EXAMPLES[name]:
        words = shlex.split(re.sub(r"^(cat \S+ \| )?([A-Z_]+=\S+ )*", "", example).partition(" >")[0])
        assert words[: 1 + len(name.split())] == ["hub", *name.split()], example
        arguments = words[1 + len(name.split()) :]
        COMMANDS[name].make_context(name, list(arguments))  # raises what it would not take


def test_examples_are_of_commands_there_are() -> None:
    assert set(EXAMPLES) == set(COMMANDS)


def test_the_page_is_that_of_the_commands() -> None:
    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == page(app), "run `./run manual > docs/cli.md`"


def test_whatever_lists_lists_for_programs_too() -> None:
    listing = [name for name in COMMANDS if name.split()[-1] in {"list", "explain", "reconcile", "send", "tail"}]
    assert len(listing) > 6
    for name in listing:
        assert "--json" in {option for param in COMMANDS[name].params for option in param.opts}, name


def test_every_command_prints_json_one_object_a_line() -> None:
    for path in sorted((ROOT / "hub/cli").glob("*.py")):
        own = path.name == "as_json.py"
        assert ('"--json"' in path.read_text()) == own, f"{path.name}: take Json and print_json of as_json.py"
    for line in ("topics list --json", "topics acls reader --json", "config show --json", "simulate --list --json"):
        said = CliRunner().invoke(app, line.split()).output
        assert all(isinstance(json.loads(each), dict) for each in said.splitlines()), line


def test_every_exit_status_in_the_code_is_documented() -> None:
    used = {
        int(number)
        for source in (ROOT / "hub/cli").glob("*.py")
        for number in re.findall(r"(?:typer\.Exit|os\._exit|sys\.exit)\((\d+)\)", source.read_text())
    }
    assert used <= set(Exit)


def test_the_shell_can_complete_commands_and_topics() -> None:
    def complete(*words: str) -> Sequence[str]:
        asked = {"_HUB_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
        hub = Path(sys.executable).with_name("hub")
        return subprocess.run(
            [hub], env={**os.environ, **asked}, capture_output=True, text=True, check=True, timeout=60
        ).stdout.split()

    assert complete("hub", "dl") == ["dlq"]
    assert complete("hub", "tail", "orders.j") == ["orders.journal"]


def test_nothing_said_is_answered_with_the_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, output, errors = run("dlq", tmp_path, monkeypatch, capsys)
    assert status == Exit.USAGE
    assert "replay" in output + errors
    assert "hub: " not in errors


@pytest.mark.parametrize("start", ["run_module('hub'", "run_path(sys.argv[1]"])
def test_whoever_has_not_compiled_the_codec_is_told_how(start: str) -> None:
    without = f"import runpy, sys; sys.modules['hub.codec.binary'] = None; runpy.{start}, run_name='__main__')"
    command = [sys.executable, "-c", without, str(Path(sys.executable).with_name("hub"))]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == Exit.FAILED
    assert ended.stderr.startswith("hub: The codec is not compiled for this Python: run `./run setup`")
    assert ended.stderr.count("\n") == 1

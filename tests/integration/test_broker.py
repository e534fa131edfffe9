"""The embedded broker keeps its promises: ready when it says so, same place after a kill, gone with its starter."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from hub import broker, kafka_jars
from hub.broker import EmbeddedBroker
from hub.errors import BrokerError

pytestmark = pytest.mark.usefixtures("_quick_java")

HUB = str(Path(sys.executable).with_name("hub"))


async def _create_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("t", 1, 1)])
    await admin.close()


async def _send(bootstrap: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.send_and_wait("t", value, partition=0)


async def _read(bootstrap: str) -> list[bytes | None]:
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([partition := TopicPartition("t", 0)])
        end = (await consumer.end_offsets([partition]))[partition]
        return [(await consumer.getone()).value for _ in range(end)]


def _cleaned_environment(**changed: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | changed


async def test_what_was_acknowledged_is_there_after_a_kill_and_a_restart(own_broker: EmbeddedBroker) -> None:
    before = own_broker.bootstrap
    await _create_topic(before)
    await _send(before, b"one")

    await own_broker.kill()
    assert not await broker.answers(before)
    await own_broker.start()

    assert own_broker.bootstrap == before
    await _send(before, b"two")
    assert await _read(before) == [b"one", b"two"]


async def test_a_paused_broker_answers_nobody_until_it_is_resumed_and_can_be_stopped_while_paused(
    own_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    own_broker.pause()
    assert not await broker.answers(own_broker.bootstrap)
    own_broker.resume()
    async with asyncio.timeout(30):
        while not await broker.answers(own_broker.bootstrap):
            await asyncio.sleep(0.1)
    own_broker.pause()
    await own_broker.stop()
    assert broker.find(tmp_path / "kafka") is None


async def test_a_second_broker_on_the_same_directory_is_refused(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=f"already runs on .* \\(pid {own_broker.pid}, {own_broker.bootstrap}\\)"):
        await EmbeddedBroker(tmp_path / "kafka").start()
    assert await broker.answers(own_broker.bootstrap)


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=f"Port {port} on 127.0.0.1 is taken"):
            await EmbeddedBroker(tmp_path, port=port).start()


async def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokerError, match=r"file/data cannot be written: Not a directory"):
        await EmbeddedBroker(tmp_path / "file" / "data").start()


async def test_a_java_that_ends_at_once_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-XX:+UseParallelGC")  # beside the collector the broker asks for
    with pytest.raises(BrokerError, match=r"Kafka could not format .* \(Multiple garbage collectors selected\)"):
        await EmbeddedBroker(tmp_path).start()


async def test_a_broker_that_refuses_its_settings_says_why_and_leaves_nothing_behind(tmp_path: Path) -> None:
    refused = EmbeddedBroker(tmp_path, properties={"num.io.threads": "none"})
    with pytest.raises(BrokerError, match=r"num\.io\.threads"):
        await refused.start()
    assert broker.find(tmp_path) is None


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"JAVA_HOME": "/nowhere"}, "No Java in JAVA_HOME"),
        ({"PATH": "/nowhere", "JAVA_HOME": ""}, "No Java on the path"),
    ],
)
def test_without_java_a_sentence_says_so(
    environment: dict[str, str], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BrokerError, match=missing):
        kafka_jars.java()


def test_without_maven_a_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BrokerError, match=r"No Maven \(mvn\) on the path"):
        kafka_jars.jars()


def test_a_failed_fetch_leaves_no_half_filled_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text("#!/bin/sh\necho '[ERROR] no route to the repository'\nexit 1\n")
    maven.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{maven.parent}:{os.environ['PATH']}")
    with pytest.raises(BrokerError, match="no route to the repository"):
        kafka_jars.jars()
    assert list((tmp_path / "cache" / "orderhub").iterdir()) == []


async def test_a_broker_ends_with_a_starter_that_was_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from hub.broker import EmbeddedBroker\n"
        "async def main():\n"
        "    async with EmbeddedBroker(Path(sys.argv[1])) as broker:\n"
        "        print(broker.bootstrap, flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    starter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, tmp_path, stdout=asyncio.subprocess.PIPE
    )
    assert starter.stdout is not None
    bootstrap = (await starter.stdout.readline()).decode().strip()
    assert await broker.answers(bootstrap)

    starter.kill()
    await starter.wait()

    async with asyncio.timeout(30):
        while broker.find(tmp_path):
            await asyncio.sleep(0.05)
    assert not await broker.answers(bootstrap)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_hub_broker_start_ends_kafka_when_it_is_asked_to_end(tmp_path: Path, sign: signal.Signals) -> None:
    command = [HUB, "broker", "start", "--port", "0", "--data-dir", str(tmp_path)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_cleaned_environment())
    assert started.stdout is not None
    with started.stdout:
        assert "is ready" in started.stdout.readline()
    running = broker.find(tmp_path)
    assert running is not None

    started.send_signal(sign)

    assert started.wait(timeout=60) == 0
    assert broker.find(tmp_path) is None
    assert not Path(f"/proc/{running.pid}").exists()


def test_a_detached_broker_is_found_and_stopped_by_later_commands(tmp_path: Path) -> None:
    def hub(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [HUB, "broker", *arguments, "--data-dir", str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=_cleaned_environment())

    absent = hub("status")
    assert absent.returncode == 1
    assert absent.stderr == f"hub: No broker runs on {tmp_path}: `hub broker start` starts one.\n"
    try:
        assert "is ready" in hub("start", "--detach", "--port", "0").stdout
        assert "answers." in hub("status").stdout
    finally:
        stopped = hub("stop")
    assert "is stopped" in stopped.stdout
    assert hub("status").returncode == 1
    assert hub("stop").returncode == 1


def test_a_recorded_pid_that_is_another_program_is_not_taken_for_the_broker(tmp_path: Path) -> None:
    (tmp_path / "broker.json").write_text(f'{{"pid": {os.getpid()}, "bootstrap": "127.0.0.1:1"}}')
    assert broker.find(tmp_path) is None
    with pytest.raises(BrokerError, match="No broker runs"):
        broker.stop(tmp_path)

"""What every test may use: a real Kafka, shared by the session or of its own."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import settings

from hub.broker import EmbeddedBroker

settings.register_profile("hub", deadline=None, print_blob=True)
settings.register_profile("thorough", settings.get_profile("hub"), max_examples=10_000)
settings.load_profile("hub")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Kafka, so that `-m "not kafka"` is everything that does not."""
    for item in items:
        if {"kafka", "own_broker"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.kafka)


@pytest.fixture(scope="session", autouse=True)
def _quiet_client() -> None:
    """A test's own Kafka client, whose broker is ill-treated, would bury in its log what the test has to say."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@pytest.fixture(scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Bootstrap address of a Kafka that all tests share: name topics and groups with `unique`."""
    if running := os.environ.get("HUB_TEST_BOOTSTRAP"):
        yield running
        return
    async with EmbeddedBroker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker.bootstrap


@pytest.fixture
def _quick_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start Java in two thirds of the time; it will not get as fast as it could later."""
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")


@pytest.fixture
async def own_broker(tmp_path: Path, _quick_java: None) -> AsyncIterator[EmbeddedBroker]:
    """A broker that runs for this test alone, which may pause, kill and restart it."""
    async with EmbeddedBroker(tmp_path / "kafka") as broker:
        yield broker


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Makes a name that no other test and no earlier run uses."""
    suffix = uuid.uuid4().hex[:8]
    return lambda name: f"{name}-{suffix}"

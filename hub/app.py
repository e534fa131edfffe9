"""Put a hub together: settings in, a worker with the hub's agents out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from connectors.rules_topic import publish_rules
from hub.agents import capacity, credit, orders
from hub.codec import Codec
from hub.config import Settings
from hub.errors import ConfigError
from hub.metrics import Metrics
from hub.ruleset import Rules
from hub.runtime.spec import AgentSpec, RuntimeConfig
from hub.runtime.tracing import Tracing
from hub.runtime.worker import Worker


def runtime_config(settings: Settings) -> RuntimeConfig:
    """The runtime's part of the settings."""
    return RuntimeConfig(
        app_id=settings.app_id,
        bootstrap=settings.kafka_bootstrap,
        data_dir=settings.data_dir,
        client=settings.kafka_security(),
        max_batch_records=settings.max_batch_records,
        session_timeout_ms=settings.session_timeout_ms,
        transaction_timeout_ms=settings.transaction_timeout_ms,
        broker_wait_ms=settings.broker_wait_ms,
    )


def create_agents(settings: Settings, rules: Rules) -> Sequence[AgentSpec[Any]]:
    """The hub's agents.

    Raises:
        ConfigError: a schema is wrong; says which, and where.
    """
    codec = Codec.load()
    return tuple(
        create_agent(codec, rules, max_event_bytes=settings.max_event_bytes)
        for create_agent in (orders.create_agent, credit.create_agent, capacity.create_agent)
    )


def create_worker(settings: Settings, metrics: Metrics, rules: Rules, tracing: Tracing | None = None) -> Worker:
    """A worker of this hub, not yet running. Before its first event it publishes the rules it goes by."""

    async def publish() -> None:
        await publish_rules(settings.kafka_client(), rules.current)

    return Worker(
        runtime_config(settings), create_agents(settings, rules), metrics, before_start=publish, tracing=tracing
    )


@contextmanager
def tracing_to(endpoint: str | None) -> Iterator[Tracing | None]:
    """Where spans go while the block runs: to the OpenTelemetry collector at this URL, or nowhere.

    Raises:
        ConfigError: what sends them is not installed.
    """
    if endpoint is None:
        yield None
        return
    try:
        from hub.tracing import otlp  # noqa: PLC0415 - optional
    except ImportError as exc:
        raise ConfigError(
            f"HUB_OTLP_ENDPOINT is set, and what sends spans is not installed ({exc}): install orderhub[otel]"
        ) from exc
    spans = otlp(endpoint)
    try:
        yield spans
    finally:
        spans.close()

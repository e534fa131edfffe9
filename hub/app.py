"""Put a hub together: settings in, a worker with the hub's agents out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.agents import capacity, credit, orders
from hub.codec import Codec
from hub.config import Settings
from hub.metrics import Metrics
from hub.policy import load_policy
from hub.rules import load_reviewer, load_router
from hub.runtime.spec import AgentSpec, RuntimeConfig
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


def create_agents(settings: Settings) -> Sequence[AgentSpec[Any]]:
    """The hub's agents.

    Raises:
        ConfigError: a rule file or a schema is wrong; says which, and where.
    """
    codec = Codec.load()
    router = load_router(settings.rules_dir)
    reviewer = load_reviewer(settings.rules_dir)
    policy = load_policy(settings.rules_dir)
    return (
        orders.create_agent(codec, router, reviewer, policy, max_event_bytes=settings.max_event_bytes),
        credit.create_agent(codec, policy, max_event_bytes=settings.max_event_bytes),
        capacity.create_agent(codec, router, max_event_bytes=settings.max_event_bytes),
    )


def create_worker(settings: Settings, metrics: Metrics) -> Worker:
    """A worker of this hub, not yet running."""
    return Worker(runtime_config(settings), create_agents(settings), metrics)

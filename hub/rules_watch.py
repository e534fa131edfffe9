"""Rules are changed while a worker runs: what is faulty is refused, the rest goes into effect between two events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from hub.errors import BrokerError, ConfigError
from hub.metrics import Metrics
from hub.ruleset import Rules, RuleSet, load_ruleset, read_files, version_of

_log = structlog.get_logger(__name__)


async def watch_rules(
    rules: Rules,
    rules_dir: Path | None,
    metrics: Metrics,
    publish: Callable[[RuleSet], Awaitable[None]],
    *,
    every_seconds: float,
) -> None:
    """Look at the files from time to time, without end.

    Changed rules are checked, published and only then gone by. While they are faulty, or cannot be published, those
    before stay in effect.
    """
    refused = version = ""
    metrics.rules.labels(rules.current.version).set(1)
    while True:
        await asyncio.sleep(every_seconds)
        try:
            version = version_of(read_files(rules_dir))
            if version == refused:
                continue
            if version != rules.current.version:
                changed = await asyncio.to_thread(load_ruleset, rules_dir)
                await publish(changed)
                _log.info("rules changed", version=changed.version, before=rules.current.version)
                rules.current = changed
                metrics.rules.clear()
                metrics.rules.labels(changed.version).set(1)
            refused = ""
            metrics.rules_refused.set(0)
        except ConfigError as error:
            refused = version
            metrics.rules_refused.set(1)
            _log.error("changed rules are refused, those before stay in effect", reason=str(error))
        except BrokerError as error:
            _log.warning("changed rules wait for Kafka", reason=str(error))

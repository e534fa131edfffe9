"""How long each source may be silent: `rules/sources.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal

from hub.domain.model import Department, Frozen
from hub.rules import RULES_DIR
from hub.rules.named import load_named
from hub.topics import STATEMENTS, TOPICS


class Source(Frozen, kw_only=True, forbid_unknown_fields=True):
    """What is expected of one input topic."""

    silent_after: timedelta
    """Nothing new in it for so long is told."""
    severity: Literal["warning", "critical"] = "warning"
    department: Department | None = None
    """Whose source it is; None: the order desk is told."""


def load_sources(rules_dir: Path | None = None) -> Mapping[str, Source]:
    """The sources of a directory by topic, by default the hub's own.

    Raises ConfigError, naming file, line and topic.
    """
    return load_named(rules_dir or RULES_DIR, "sources", Source, _check)


def _check(sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
    known = [topic.name for topic in TOPICS.values() if topic.direction == "in" and topic.name != STATEMENTS]
    for name, source in sources.items():
        if name not in known:
            yield name, f"no worker reads such a topic from outside; there are {', '.join(known)}"
        if source.silent_after < timedelta(seconds=1):
            yield name, "silent_after is less than a second"

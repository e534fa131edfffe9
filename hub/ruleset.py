"""All rules of a directory together, known by one version: what a decision was made by.

Files that a directory does not have are the hub's own. `seller.yaml` and
`sources.yaml` are no part of it: no order is decided by them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.domain.policy import Policy
from hub.domain.rule_files import RuleFile
from hub.errors import ConfigError
from hub.policy import load_policy
from hub.rules import RULES_DIR, RuleReviewer, RuleRouter, load_reviewer, load_router

_UNDECIDING = frozenset(("seller.yaml", "sources.yaml"))
_VERSION_DIGITS = 12
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one version, ready to be asked."""

    version: str
    files: tuple[RuleFile, ...]
    policy: Policy
    router: RuleRouter
    reviewer: RuleReviewer


class Rules:
    """The rules in effect: replaced as a whole, between two events."""

    def __init__(self, current: RuleSet) -> None:
        self.current = current


def load_ruleset(rules_dir: Path | None = None) -> RuleSet:
    """The rules of a directory, by default the hub's own.

    Raises:
        ConfigError: something is wrong with them; names file, line and rule.
    """
    for _ in range(_ATTEMPTS):
        files = read_files(rules_dir)
        policy, router, reviewer = load_policy(rules_dir), load_router(rules_dir), load_reviewer(rules_dir)
        if read_files(rules_dir) == files:
            return RuleSet(version_of(files), files, policy, router, reviewer)
    raise ConfigError(f"The rules in {rules_dir} change all the time: let them come to rest.")


def restore_ruleset(files: Iterable[RuleFile]) -> RuleSet:
    """The rules of published files. Raises ConfigError if this version of the hub does not understand them."""
    with TemporaryDirectory(prefix="hub-rules-") as directory:
        for file in files:
            (Path(directory) / Path(file.name).name).write_text(file.text, encoding="utf-8")
        return load_ruleset(Path(directory))


def read_files(rules_dir: Path | None = None) -> tuple[RuleFile, ...]:
    """The files in effect by name. Raises ConfigError if one cannot be read."""
    paths = {path.name: path for path in sorted(RULES_DIR.glob("*.yaml"))}
    paths |= {path.name: path for path in sorted((rules_dir or RULES_DIR).glob("*.yaml"))}
    try:
        return tuple(
            RuleFile(name, paths[name].read_text(encoding="utf-8")) for name in sorted(paths) if name not in _UNDECIDING
        )
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"The rules in {rules_dir} cannot be read: {exc}") from exc


def version_of(files: Iterable[RuleFile]) -> str:
    """Twelve hexadecimal digits that stand for the contents of the files."""
    content = json.dumps([(file.name, file.text) for file in files], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:_VERSION_DIGITS]

"""The rules as they are published: what an order was decided by can be looked up as long as its journal is kept."""

from __future__ import annotations

from datetime import datetime

from hub.domain.model import Frozen


class RuleFile(Frozen):
    """A file of the rules, whole."""

    name: str
    text: str


class RulesPublished(Frozen, kw_only=True):
    """hub.rules: a version of the rules that a worker goes by, written before it does."""

    version: str
    """Made from the files' contents: the same files are the same version everywhere."""
    published_at: datetime
    files: tuple[RuleFile, ...]

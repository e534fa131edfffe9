"""The texts customers are told: one file for each language in `rules/texts`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Formatter

import msgspec
import yaml

from hub.domain.customer import NOTIFICATION_KINDS
from hub.domain.texts import FALLBACK, PLACEHOLDERS, Texts
from hub.errors import ConfigError
from hub.rules import plain_yaml
from hub.rules.rule_file import directory_with

_DIRECTORY = "texts"


def load_texts(rules_dir: Path | None = None) -> Mapping[str, Texts]:
    """The texts of a directory, or the hub's where it has none, by language.

    Raises:
        ConfigError: a text is missing or names what cannot be filled in; says file and text.
    """
    directory = directory_with(_DIRECTORY, rules_dir) / _DIRECTORY
    texts = {path.stem: _read(path) for path in sorted(directory.glob("*.yaml"))}
    if FALLBACK not in texts:
        raise ConfigError(f"{directory} has no {FALLBACK}.yaml, the language of whoever asks for one it has not")
    return texts


def _read(path: Path) -> Texts:
    try:
        texts = msgspec.convert(plain_yaml.load(path.read_text(encoding="utf-8")), Texts)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as exc:
        raise ConfigError(f"The texts {path} cannot be read: {exc}") from exc
    if missing := [kind for kind in NOTIFICATION_KINDS if kind not in texts.notifications]:
        raise ConfigError(f"{path}: notifications: {', '.join(missing)} is missing")
    for kind, text in texts.notifications.items():
        _check(path, f"notifications: {kind}", text, PLACEHOLDERS)
    for english, translation in texts.phrases.items():
        _check(path, f"phrases: {english}", translation, _names(path, english, english))
    return texts


def _check(path: Path, where: str, text: str, allowed: frozenset[str]) -> None:
    if unknown := sorted(_names(path, where, text) - allowed):
        known = ", ".join(f"{{{name}}}" for name in sorted(allowed)) or "nothing"
        raise ConfigError(f"{path}: {where}: {', '.join(unknown)} cannot be filled in; there is {known}")


def _names(path: Path, where: str, text: str) -> frozenset[str]:
    try:
        return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
    except ValueError as exc:
        raise ConfigError(f"{path}: {where}: {exc}") from exc

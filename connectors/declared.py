"""Declarations in YAML: whatever is wrong with one is named by file, line and field."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from hub.errors import ConfigError
from hub.rules.marked import at, entries_of

T = TypeVar("T")
_PLACE = re.compile(r"`\$(.*?)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_MAX_BYTES = 1024 * 1024


def load_declared(path: Path, kind: type[T], what: str) -> T:
    """The declaration a file holds. Raises ConfigError; `what` it declares is for the message."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MAX_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The {what} {path} cannot be read: {error}") from error
    if len(text) > _MAX_BYTES:
        raise ConfigError(f"The {what} {path} is larger than {_MAX_BYTES} characters")
    return parse_declared(text, str(path), kind)


def parse_declared(text: str, origin: str, kind: type[T]) -> T:
    """The declaration written in `text`. Raises ConfigError, naming `origin`, line and field."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            raise ConfigError(f"{origin} is empty")
        _check_keys(node, origin, set())
        document: Any = yaml.SafeLoader("").construct_document(node)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{origin} is not YAML: {error}") from error
    try:
        return msgspec.convert(document, kind, strict=False)
    except msgspec.ValidationError as error:
        message = str(error)
        found = _PLACE.search(message)
        path = found[1] if found else ""
        reason = message.split(" - at ", maxsplit=1)[0]
        raise ConfigError(f"{at(origin, _node(node, path))}: {path.lstrip('.') or 'the file'}: {reason}") from error


def _check_keys(node: yaml.Node, origin: str, seen: set[int]) -> None:
    if id(node) in seen:
        raise ConfigError(f"{at(origin, node)}: write it out, without anchors and aliases")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for each in entries_of(node, origin).values():
            _check_keys(each, origin, seen)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _check_keys(each, origin, seen)


def _node(node: yaml.Node, path: str) -> yaml.Node:
    """The node at a path such as `.partners[0].format`, or the last one on the way to it."""
    for name, index in _STEP.findall(path):
        if isinstance(node, yaml.MappingNode) and name:
            found = [value for key, value in node.value if str(key.value) == name]
        elif isinstance(node, yaml.SequenceNode) and index:
            found = node.value[int(index) : int(index) + 1]
        else:
            found = []
        if not found:
            break
        node = found[0]
    return node

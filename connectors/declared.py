"""Declarations in YAML: whatever is wrong with one is named by file, line and field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from hub.errors import ConfigError
from hub.rules import plain_yaml
from hub.rules.marked import at, entries_of

T = TypeVar("T")
_PLACE = re.compile(r"`\$(.*?)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_MAX_BYTES = 1024 * 1024


Check = Callable[[T], Iterable[tuple[str, str]]]
"""What is wrong with a declaration beyond its form: the path of a field (`.fields.order_id`), and the reason."""


def load_declared(path: Path, kind: type[T], what: str, check: Check[T] | None = None) -> T:
    """The declaration a file holds. Raises ConfigError; `what` it declares is for the message."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MAX_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The {what} {path} cannot be read: {error}") from error
    if len(text) > _MAX_BYTES:
        raise ConfigError(f"The {what} {path} is larger than {_MAX_BYTES} characters")
    return parse_declared(text, str(path), kind, check)


def parse_declared(text: str, origin: str, kind: type[T], check: Check[T] | None = None) -> T:
    """The declaration written in `text`. Raises ConfigError, naming `origin`, line and field."""
    try:
        node = plain_yaml.compose(text)
        if node is None:
            raise ConfigError(f"{origin} is empty")
        _check_keys(node, origin)
        document: Any = plain_yaml.construct(node)
    except yaml.YAMLError as error:
        raise ConfigError(f"{origin} is not YAML: {error}") from error
    try:
        declared = msgspec.convert(document, kind, strict=False)
    except msgspec.ValidationError as error:
        message = str(error)
        found = _PLACE.search(message)
        path = found[1] if found else ""
        reason = message.split(" - at ", maxsplit=1)[0]
        raise ConfigError(f"{at(origin, _node(node, path))}: {path.lstrip('.') or 'the file'}: {reason}") from error
    for path, reason in check(declared) if check else ():
        raise ConfigError(f"{at(origin, _node(node, path))}: {path.lstrip('.')}: {reason}")
    return declared


def _check_keys(node: yaml.Node, origin: str) -> None:
    if isinstance(node, yaml.MappingNode):
        for each in entries_of(node, origin).values():
            _check_keys(each, origin)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _check_keys(each, origin)


def _node(node: yaml.Node, path: str) -> yaml.Node:
    """The node at a path such as `.partners[0].format`, or the last one on the way to it; a key may hold dots."""
    while found := _STEP.match(path):
        rest = path[found.end() :]
        if isinstance(node, yaml.MappingNode) and found[1]:
            entries = {str(key.value): value for key, value in node.value}
            whole = path.removeprefix(".")
            node, rest = (entries[whole], "") if whole in entries else (entries.get(found[1], node), rest)
        elif isinstance(node, yaml.SequenceNode) and found[2] and int(found[2]) < len(node.value):
            node = node.value[int(found[2])]
        path = rest
    return node

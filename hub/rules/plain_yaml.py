"""YAML without what could grow or loop, and whose every mistake is a `yaml.YAMLError` with its line.

PyYAML's safe loader lets aliases multiply what they stand for, recurses as deep as a text nests, and lets out a
ValueError for 2026-13-45.
"""

from __future__ import annotations

from typing import Any, cast

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError
from yaml.error import Mark

_DEEPEST = 40


class _Plain(yaml.SafeLoader):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        mark = cast("Mark | None", event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            raise ComposerError(None, None, "write it out, without anchors and aliases", mark)
        if self._depth == _DEEPEST:
            raise ComposerError(None, None, f"it is nested deeper than {_DEEPEST}", mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError) as error:
            raise ConstructorError(None, None, str(error), node.start_mark) from error


def compose(text: str) -> yaml.Node | None:
    """The nodes of a document, None for an empty one. Raises yaml.YAMLError."""
    return yaml.compose(text, Loader=_Plain)


def construct(node: yaml.Node) -> Any:
    """The value a node stands for. Raises yaml.YAMLError."""
    return _Plain("").construct_document(node)


def load(text: str) -> Any:
    """The value of a document, None for an empty one. Raises yaml.YAMLError."""
    node = compose(text)
    return None if node is None else construct(node)

"""Which rules the journal quotes: the sentences of `hub.domain.flow` name every rule that has decided something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hub.domain.insight.figures import RuleName
from hub.rules.allocation import RuleRouter
from hub.rules.review import RuleReviewer

_ALLOCATION, _CHECKS, _CLASSES = "allocation.yaml", "review.yaml", "classes.yaml"
_SUPPLY = "supply"
_TITLES = {"order_class": "class"}
"""What the journal calls a section of the classification, if not as the file does."""


class _Read(NamedTuple):
    beginnings: tuple[str, ...]
    """Of the sentences that quote these rules."""
    pattern: re.Pattern[str]
    rules: Mapping[str, Sequence[RuleName]]


class Quotes:
    """The rules of a rule set as the journal quotes them."""

    def __init__(self, router: RuleRouter, reviewer: RuleReviewer) -> None:
        allocation = _gathered((name, RuleName(_ALLOCATION, "", name)) for name in router.rule_names)
        checks = _gathered((name, RuleName(_CHECKS, section, name)) for section, name in reviewer.check_names)
        said = [
            (f"{value} by {name}", RuleName(_CLASSES, section, name)) for section, name, value in reviewer.class_names
        ]
        supply = _gathered(each for each in said if each[1].section == _SUPPLY)
        classes = _gathered(
            (f"{_TITLES.get(rule.section, rule.section)} {text}", rule)
            for text, rule in said
            if rule.section != _SUPPLY
        )
        self._reads: tuple[_Read, ...] = (
            _Read(("line ",), _pattern(" by rule ", allocation, "(?=$|, ready )"), allocation),
            _Read(("line ", "lines "), _pattern(": ", supply, "$"), supply),
            _Read(("classified: ",), _pattern("(?:: |, )", classes, "(?=$|, )"), classes),
            _Read(
                ("warned of ", "refused by ", "held by ", "hold "),
                _pattern("(?: of | by |: |; )", checks, "(?=: )"),
                checks,
            ),
        )

    @property
    def rules(self) -> frozenset[RuleName]:
        """Every rule there is."""
        return frozenset(rule for read in self._reads for rules in read.rules.values() for rule in rules)

    def quoted(self, explanations: Iterable[str]) -> set[RuleName]:
        """The rules that these explanations name."""
        return {rule for sentence in explanations for rule in self._of(sentence)}

    def _of(self, sentence: str) -> Iterator[RuleName]:
        for beginnings, pattern, rules in self._reads:
            if sentence.startswith(beginnings):
                for found in pattern.finditer(sentence):
                    yield from rules[found[1]]


def _gathered(quoted: Iterable[tuple[str, RuleName]]) -> dict[str, list[RuleName]]:
    """Rules by how they are quoted; two lists of a file may have the same name in them."""
    rules: dict[str, list[RuleName]] = {}
    for text, rule in quoted:
        rules.setdefault(text, []).append(rule)
    return rules


def _pattern(before: str, names: Iterable[str], after: str) -> re.Pattern[str]:
    """Any of the names where a quotation begins and ends; the longest that fits."""
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(f"{before}({'|'.join(map(re.escape, longest_first)) or '(?!)'}){after}")

"""Conditions in CEL (https://cel.dev): compiled, tried out when they are loaded, and asked about facts.

What a condition may read are the fields of a struct of facts: texts, numbers (Decimal or int) and truth values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import islice, product
from operator import attrgetter, eq, ge, gt, itemgetter, le, lt, ne
from typing import Any, Literal, get_type_hints

import cel

from hub.domain.model import Frozen
from hub.errors import ConfigError

FactKind = Literal["text", "number", "truth"]
Vocabulary = Mapping[str, FactKind]
"""The names a condition may read, and what each stands for."""

REMEMBERED = 65_536
"""How many different combinations of facts the answers are kept of."""
_MAX_TRIALS = 512
"""How many made-up facts a condition is tried on when it is loaded."""
_LONGEST = 4_000
"""Characters of a condition: what is nested by the ten thousand ends the process that compiles it."""
_FAILURES = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""What CEL raises when a condition cannot be told of some facts."""
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_COMPARISON = re.compile(r'\s*(\w+)\s*(==|!=|<=?|>=?)\s*(?:"([^"\\\n]*)"|(\d+\.\d+))\s*')
"""A fact, and the text or number it is compared with."""
_KINDS: Mapping[object, FactKind] = {Decimal: "number", int: "number", bool: "truth"}


def vocabulary_of(facts: type[Frozen]) -> Vocabulary:
    """The fields of a struct of facts: numbers and truth values by their type, everything else is text."""
    return {name: _KINDS.get(kind, "text") for name, kind in get_type_hints(facts).items()}


def reader(names: Sequence[str]) -> Callable[[Frozen], tuple[Any, ...]]:
    """Reads the named facts as a tuple; `attrgetter` gives a bare value for one name and takes no empty list."""
    if len(names) > 1:
        return attrgetter(*names)
    if names:
        read = attrgetter(*names)
        return lambda facts: (read(facts),)
    return lambda _: ()


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """Takes the named facts out of a mapping; `itemgetter` gives a bare value for one name and takes no empty list."""
    if len(names) > 1:
        return itemgetter(*names)
    if names:
        read = itemgetter(*names)
        return lambda facts: (read(facts),)
    return lambda _: ()


class Condition:
    """A condition ready to be asked. A comparison with a literal is made; of others each answer is computed once."""

    def __init__(self, rule: str, text: str, vocabulary: Vocabulary) -> None:
        program = cel.compile(text)
        self._variables = program.variables()
        self._values = _picker(self._variables)
        variables = [(name, vocabulary[name]) for name in self._variables]
        self._ask = _comparison(text, vocabulary) or _remembered(rule, program, variables)

    @property
    def reads(self) -> frozenset[str]:
        """The names it depends on."""
        return frozenset(self._variables)

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether it is true of these facts; those it does not read may be missing.

        Raises:
            ConfigError: no trial had found that the condition fails for such facts.
        """
        return self._ask(*self._values(facts))


def fault(condition: str, vocabulary: Vocabulary, about: str) -> str:
    """What is wrong with a condition, empty if nothing: not CEL, unknown names, or no truth value for some facts.

    `about`: what the facts are facts of, for a person.
    """
    return next(_faults(condition, vocabulary, about), "")


def _faults(condition: str, vocabulary: Vocabulary, about: str) -> Iterator[str]:
    if len(condition) > _LONGEST:
        yield f"it is {len(condition)} characters long, and {_LONGEST} is the most; make several rules of it"
        return
    try:
        program = cel.compile(condition)
    except ValueError as exc:
        yield str(exc).splitlines()[0]
        return
    unknown = sorted(set(program.variables()) - set(vocabulary))
    if unknown:
        yield f"{', '.join(unknown)} is no fact of {about}; the facts are {', '.join(sorted(vocabulary))}"
        return
    for facts in _trials(condition, [(name, vocabulary[name]) for name in program.variables()]):
        try:
            value = program.execute(facts)
        except _FAILURES as exc:
            yield f"{_failure(exc).split('. ')[0]} (tried with {facts})"
            return
        if not isinstance(value, bool):
            yield f"gives {value!r} where it must give true or false (tried with {facts})"
            return


def _trials(condition: str, variables: list[tuple[str, FactKind]]) -> Iterator[dict[str, Any]]:
    """Made-up facts that reach every branch of a condition: each variable with each literal of its kind, and more."""
    texts = ["", *re.findall(r"\"([^\"\\]*)\"", condition), *re.findall(r"'([^'\\]*)'", condition)]
    numbers = [0.0, 0.5]
    for literal in re.findall(r"\d+(?:\.\d+)?", condition):
        numbers.extend((float(literal), float(literal) + 1))
    choices: Mapping[FactKind, list[Any]] = {"text": texts, "number": numbers, "truth": [False, True]}
    names = [name for name, _ in variables]
    for values in islice(product(*(choices[kind] for _, kind in variables)), _MAX_TRIALS):
        yield dict(zip(names, values, strict=True))


def _comparison(text: str, vocabulary: Vocabulary) -> Callable[..., bool] | None:
    """The condition as what it is if it compares one fact with a literal: many have hardly any answer twice."""
    found = _COMPARISON.fullmatch(text)
    if found is None:
        return None
    name, sign, word, number = found.groups()
    compare, kind = _SIGNS[sign], vocabulary.get(name)
    if number is None:
        return (lambda value: compare(value, word)) if kind == "text" else None
    limit = float(number)
    return (lambda value: compare(float(value), limit)) if kind == "number" else None


def _remembered(rule: str, program: cel.Program, variables: list[tuple[str, FactKind]]) -> Callable[..., bool]:
    @lru_cache(maxsize=REMEMBERED)
    def ask(*values: Any) -> bool:
        facts = {
            name: float(value) if kind == "number" else value
            for (name, kind), value in zip(variables, values, strict=True)
        }
        try:
            return bool(program.execute(facts))
        except _FAILURES as exc:
            raise ConfigError(f"Rule {rule}: when: {_failure(exc)} (for {facts})") from exc

    return ask


def _failure(exc: Exception) -> str:
    return f"there is no {exc} in it" if isinstance(exc, KeyError) else str(exc)

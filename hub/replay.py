"""An order decided again from its journal, each entry by the rules it was decided by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from hub.codec import Codec
from hub.domain.decide import decide
from hub.domain.decision import Context, Decision, Received
from hub.domain.journal import JournalEntry
from hub.domain.node import Node
from hub.domain.order import OrderState
from hub.domain.routing import Candidate, LineFacts
from hub.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Step:
    """One entry, decided again."""

    entry: JournalEntry
    before: OrderState | None
    decision: Decision
    rules: RuleSet
    asked: tuple[LineFacts, ...]
    """The lines the rules were asked about, as they were."""


class _Recorder:
    """A router that notes what it is asked."""

    def __init__(self, rules: RuleSet) -> None:
        self._router = rules.router
        self.asked: list[LineFacts] = []

    def candidates(self, facts: LineFacts) -> tuple[Candidate, ...]:
        self.asked.append(facts)
        return self._router.candidates(facts)

    def node(self, name: str) -> Node | None:
        return self._router.node(name)


def replay(entries: Iterable[JournalEntry], codec: Codec, rules: Callable[[str], RuleSet]) -> Iterator[Step]:
    """The entries of one order in turn; `rules` gives those of a version.

    What comes out is what the entries say, unless the hub itself has changed since.
    """
    state: OrderState | None = None
    for entry in entries:
        step = replay_entry(state, entry, codec, rules(entry.rules))
        yield step
        state = step.decision.state


def replay_entry(before: OrderState | None, entry: JournalEntry, codec: Codec, rules: RuleSet) -> Step:
    """One entry of an order that was as `before`."""
    received = Received(codec.decode(entry.payload), entry.payload, entry.topic, entry.partition, entry.offset)
    recorder = _Recorder(rules)
    decision = decide(before, received, Context(entry.decided_at, rules.policy, recorder, codec.decode, rules.reviewer))
    return Step(entry, before, decision, rules, tuple(recorder.asked))

"""What the hub must have made of its inputs, worked out anew from what is committed.

Every input has one fate: an entry in the journal, a dead letter, or a place on the right partition. The journal,
folded with `decide`, says to the byte what every output and every state must be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.agents import orders
from hub.agents.watching import label, marks
from hub.codec import Codec
from hub.domain.decision import Decision
from hub.domain.effects import DeadLettered, Effect, WorkOrderIssued
from hub.domain.events import CapacityRequested, CreditRequested
from hub.domain.journal import JournalEntry
from hub.domain.order import OrderState, next_due
from hub.domain.rule_files import RulesPublished
from hub.replay import replay_entry
from hub.ruleset import restore_ruleset
from hub.runtime.marks import Marks, unpack
from hub.runtime.partitioner import partition_of
from hub.runtime.spec import Record
from hub.topics import (
    CAPACITY_DECISIONS,
    CAPACITY_REQUESTS,
    CREDIT_DECISIONS,
    CREDIT_REQUESTS,
    CUSTOMER_NOTIFICATIONS,
    HUB_DEAD_LETTER,
    HUB_REKEYED,
    HUB_RULES,
    ORDERS_COMMANDS,
    ORDERS_EVENTS,
    ORDERS_EXCEPTIONS,
    ORDERS_JOURNAL,
    ORDERS_STATE,
    SETTLEMENTS,
    SETTLEMENTS_JOURNAL,
    STATUS_TOPIC,
    WORK_TOPIC,
)
from tests.chaos.scenario import Records
from tests.chaos.verdict import Verdict
from tests.support.places import DeadLetter, Place, dead_letters, forwarded_from, place_of

_SOURCES = (ORDERS_EVENTS, *STATUS_TOPIC.values(), ORDERS_COMMANDS, CREDIT_DECISIONS, CAPACITY_DECISIONS, HUB_REKEYED)
_EFFECTS = (
    *WORK_TOPIC.values(),
    CREDIT_REQUESTS,
    CAPACITY_REQUESTS,
    CUSTOMER_NOTIFICATIONS,
    ORDERS_EXCEPTIONS,
    SETTLEMENTS,
    SETTLEMENTS_JOURNAL,
)
_TOPIC = {
    "CustomerNotified": CUSTOMER_NOTIFICATIONS,
    "ExceptionRaised": ORDERS_EXCEPTIONS,
    "SettlementRecorded": SETTLEMENTS,
    "SettlementPosted": SETTLEMENTS_JOURNAL,
    "CreditRequested": CREDIT_REQUESTS,
    "CapacityRequested": CAPACITY_REQUESTS,
}

Message = tuple[str, str, bytes]
"""Topic, order, value."""


@dataclass
class OrdersOracle:
    """Examines the orders agent's part; each entry by the rules it says it was decided by."""

    codec: Codec
    partitions: int

    def examine(self, verdict: Verdict, records: Records) -> None:
        entries = [(record, self.codec.decode_as(JournalEntry, record.value)) for record in records[ORDERS_JOURNAL]]
        self._examine_fates(verdict, records, [entry for _, entry in entries])
        folded, expected, expired = self._fold(verdict, records, entries)
        self._examine_outputs(verdict, records, expected)
        letters = [each.origin for each in dead_letters(records[HUB_DEAD_LETTER])]
        parked = {(entry.topic, entry.partition, entry.offset) for _, entry in entries if entry.outcome == "parked"}
        verdict.expect_once("dead letter of a parked event", expired, [each for each in letters if each in parked])
        self._examine_states(verdict, records, folded)

    # --- inputs ----------------------------------------------------------------------------------

    def _examine_fates(self, verdict: Verdict, records: Records, entries: Sequence[JournalEntry]) -> None:
        """Every input took effect, was refused or was forwarded: one of them, once."""
        journaled = {(entry.topic, entry.partition, entry.offset): entry for entry in entries if entry.topic}
        places = [(entry.topic, entry.partition, entry.offset) for entry in entries if entry.topic]
        parked = {place for place, entry in journaled.items() if entry.outcome == "parked"}
        letters = [each for each in dead_letters(records[HUB_DEAD_LETTER]) if each.origin[0] in _SOURCES]
        refused = [each for each in letters if each.origin not in parked]
        strays = [forwarded_from(record) for record in records[HUB_REKEYED]]
        inputs = {place_of(record): record for topic in _SOURCES for record in records[topic]}
        verdict.events += len(inputs)
        verdict.expect_once("input", inputs, [*places, *(each.origin for each in refused), *strays])
        timers = [(entry.order_id, entry.event_id) for entry in entries if not entry.topic]
        verdict.expect_once("timer", set(timers), timers)
        for place, entry in journaled.items():
            if place in inputs and inputs[place].value != entry.payload:
                verdict.mismatch(f"the journal quotes other bytes than {place} has")
        for letter in letters:
            if letter.origin in inputs:
                self._examine_letter(verdict, letter, inputs[letter.origin])
        for record in records[HUB_REKEYED]:
            source = inputs.get(forwarded_from(record))
            if source is None or source.value != record.value or self._home(record) != record.partition:
                verdict.mismatch(
                    f"{place_of(record)} is not what {forwarded_from(record)} should have been forwarded as"
                )

    def _examine_letter(self, verdict: Verdict, letter: DeadLetter, source: Record) -> None:
        if (letter.key, letter.value) != (source.key, source.value):
            verdict.mismatch(f"the dead letter of {letter.origin} has other bytes than the record")
        if letter.code == "poison":
            verdict.mismatch(f"{letter.origin} was taken for poison, and is not")

    def _home(self, record: Record) -> int:
        return partition_of(record.key or b"", self.partitions)

    # --- the fold --------------------------------------------------------------------------------

    def _fold(
        self, verdict: Verdict, records: Records, entries: Sequence[tuple[Record, JournalEntry]]
    ) -> tuple[dict[bytes, OrderState | None], list[Message], list[Place]]:
        """States, messages, and parked events given up, as they follow from the journal."""
        published = {record.key: self.codec.decode_as(RulesPublished, record.value) for record in records[HUB_RULES]}
        rules = {each.version: restore_ruleset(each.files) for each in published.values()}
        states: dict[bytes, OrderState | None] = {}
        last: dict[tuple[str, str, int], int] = {}
        messages: list[Message] = []
        expired: list[Place] = []
        for record, entry in entries:
            before = states.get(entry.order_id.encode())
            if entry.rules not in rules:
                verdict.mismatch(f"{place_of(record)} was decided by rules {entry.rules!r}, which were not published")
                continue
            decision = replay_entry(before, entry, self.codec, rules[entry.rules]).decision
            states[entry.order_id.encode()] = decision.state
            messages += self._messages(entry.order_id, decision.effects)
            expired += [(e.topic, e.partition, e.offset) for e in decision.effects if isinstance(e, DeadLettered)]
            source = (entry.order_id, entry.topic, entry.partition)
            in_order = _is_over(entry) if not entry.topic else last.get(source, -1) < entry.offset
            last[source] = entry.offset
            at_home = record.key == entry.order_id.encode() and self._home(record) == record.partition
            if not (in_order and at_home and _agree(entry, decision, before.entries if before else 0)):
                verdict.mismatch(
                    f"{entry.order_id} entry {entry.entry} at {place_of(record)} says {entry.outcome} {entry.code} of "
                    f"{entry.event_type} {entry.topic}[{entry.partition}]@{entry.offset}, where the fold so far "
                    f"({before.entries if before else 0} entries) gives {decision.outcome} {decision.code}"
                )
        return states, messages, expired

    def _messages(self, order_id: str, effects: Sequence[Effect]) -> Iterator[Message]:
        for effect in effects:
            if isinstance(effect, WorkOrderIssued):
                yield WORK_TOPIC[effect.department], order_id, self.codec.encode(effect)
            elif not isinstance(effect, DeadLettered):
                yield _TOPIC[type(effect).__name__], order_id, self.codec.encode(effect)

    # --- outputs and states ----------------------------------------------------------------------

    def _examine_outputs(self, verdict: Verdict, records: Records, expected: Sequence[Message]) -> None:
        """Every message of the fold is there once, and an order's messages are in their order in each topic."""
        found: list[Message] = []
        for topic in _EFFECTS:
            for record in records[topic]:
                effect: Any = self.codec.decode(record.value)
                found.append((topic, effect.order_id, record.value or b""))
                subject = _subject(effect)
                if record.key != subject.encode() or self._home(record) != record.partition:
                    verdict.mismatch(f"{place_of(record)} is keyed {record.key!r} but is about {subject}")
        verdict.expect_once("output", expected, found)
        in_order, as_found = _by_order(expected), _by_order(found)
        for where in in_order.keys() & as_found.keys():
            if in_order[where] != as_found[where]:
                verdict.mismatch(f"the messages of {where} are not in the order of its journal")

    def _examine_states(self, verdict: Verdict, records: Records, folded: dict[bytes, OrderState | None]) -> None:
        found = {record.key: _described(record) for record in records[ORDERS_STATE]}
        expected = {
            key: (None, 0, "", ())
            if state is None
            else (self.codec.encode(state), _due_ms(state), label(state), marks(state))
            for key, state in folded.items()
        }
        verdict.expect_equal("state of order", dict(expected), dict(found))


def _subject(effect: Any) -> str:
    """What the record of an effect is keyed by."""
    if isinstance(effect, CreditRequested):
        return effect.customer_id
    return effect.node if isinstance(effect, CapacityRequested) else str(effect.order_id)


def _by_order(messages: Sequence[Message]) -> dict[tuple[str, str], list[bytes]]:
    grouped: defaultdict[tuple[str, str], list[bytes]] = defaultdict(list)
    for topic, order_id, value in messages:
        grouped[topic, order_id].append(value)
    return grouped


def _described(record: Record) -> tuple[bytes | None, int, str, Marks]:
    headers = dict(record.headers)
    due_ms, told = int(headers.get("hub-due-ms", b"0")), headers.get("hub-label", b"").decode()
    return record.value, due_ms, told, unpack(headers["hub-marks"]) if "hub-marks" in headers else ()


def _agree(entry: JournalEntry, decision: Decision, entries_before: int) -> bool:
    """Whether an entry says what was decided."""
    return (entry.entry, entry.outcome, entry.code, entry.effect_ids) == (
        entries_before + 1,
        decision.outcome,
        decision.code,
        tuple(effect.event_id for effect in decision.effects if not isinstance(effect, DeadLettered)),
    )


def _is_over(timer: JournalEntry) -> bool:
    """Whether the time a timer waited for had come when it was decided."""
    due = timer.event_id.removeprefix(f"timer:{timer.order_id}:")
    return datetime.fromisoformat(due) <= timer.decided_at


def _due_ms(state: OrderState) -> int:
    return orders._milliseconds(next_due(state)) or 0

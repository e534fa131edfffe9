"""The declared topics fit the records, the runtime's bounds and each other."""

from __future__ import annotations

import re

import pytest

from hub.codec.records import RECORDS
from hub.domain.model import DEPARTMENTS
from hub.topics import (
    HUB_APPLIED,
    HUB_DEAD_LETTER,
    HUB_PROBE,
    HUB_REKEYED,
    HUB_REKEYED_CUSTOMERS,
    HUB_REKEYED_NODES,
    MAX_EVENT_BYTES,
    STATUS_TOPIC,
    TOPICS,
    WORK_TOPIC,
    Topic,
)

KAFKA_LOG_OVERHEAD = 100
"""Bytes a record batch of one record has beside key, value and headers."""
BYTES_AS_THEY_CAME = {HUB_DEAD_LETTER, HUB_APPLIED, HUB_PROBE}


def _bound(name: str) -> int:
    return int(TOPICS[name].configs["max.message.bytes"])


@pytest.mark.parametrize("topic", TOPICS.values(), ids=list(TOPICS))
def test_a_topic_carries_known_records_that_have_its_key(topic: Topic) -> None:
    structs = {struct.__name__: struct for struct in RECORDS}
    if topic.name in BYTES_AS_THEY_CAME:
        assert topic.records == ()
        return
    assert topic.records
    assert set(topic.records) <= set(structs)
    keys = set(re.findall(r"\w+", topic.key))
    for record in topic.records:
        fields = set(structs[record].__struct_fields__)
        assert keys & (fields | ({"item_id"} if "item" in fields else set()))


def test_every_record_but_timers_has_a_topic() -> None:
    """A timer fires inside the hub; only the journal quotes it."""
    carried = {record for topic in TOPICS.values() for record in topic.records}
    assert {struct.__name__ for struct in RECORDS} - carried == {"TimerFired"}


def test_whatever_can_be_read_fits_into_the_dead_letters() -> None:
    others = [name for name in TOPICS if name not in BYTES_AS_THEY_CAME]
    assert _bound(HUB_DEAD_LETTER) >= max(map(_bound, others)) + 1024 * 1024


def test_the_largest_event_fits_into_every_input_and_an_embedding_into_every_output() -> None:
    for topic in TOPICS.values():
        if topic.name not in BYTES_AS_THEY_CAME:
            room = _bound(topic.name) - KAFKA_LOG_OVERHEAD
            assert room >= (MAX_EVENT_BYTES if topic.direction == "in" else 4 * MAX_EVENT_BYTES)


@pytest.mark.parametrize(
    ("rekeyed", "keys"),
    [(HUB_REKEYED, {"order_id"}), (HUB_REKEYED_CUSTOMERS, {"customer_id", "item_id"}), (HUB_REKEYED_NODES, {"node"})],
)
def test_what_may_be_misplaced_may_be_forwarded(rekeyed: str, keys: set[str]) -> None:
    agent = TOPICS[rekeyed].owner
    misplaced = {
        record
        for topic in TOPICS.values()
        if topic.key in keys and (topic.direction == "in" or topic.name.endswith((".requests", ".decisions")))
        for record in topic.records
    }
    assert set(TOPICS[rekeyed].records) == misplaced, agent


def test_every_department_has_its_two_topics() -> None:
    assert set(STATUS_TOPIC) == set(WORK_TOPIC) == set(DEPARTMENTS)
    assert all(TOPICS[STATUS_TOPIC[each]].direction == "in" for each in DEPARTMENTS)
    assert all(TOPICS[WORK_TOPIC[each]].direction == "out" for each in DEPARTMENTS)


def test_state_is_compacted_and_nothing_else_is() -> None:
    compacted = {topic.name for topic in TOPICS.values() if topic.cleanup == "compact"}
    assert compacted == {"orders.state", "credit.state", "capacity.state", "hub.rules", HUB_APPLIED}
    assert all("retention.ms" not in TOPICS[name].configs for name in compacted)

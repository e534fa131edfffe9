"""What `hub doctor` makes of what it sees: each thing that can be wrong, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from hub.access import ROLES
from hub.doctor.finding import Finding
from hub.doctor.records import judge_clock, judge_partitioners, judge_producers_clocks
from hub.doctor.surroundings import judge_disk, judge_disks, judge_rights, judge_versions
from hub.doctor.wire import Disk
from hub.runtime.partitioner import partition_of
from hub.runtime.spec import Record
from hub.topics import LOGISTICS_STATUS, ORDERS_EVENTS

PARTITIONS = 8
NOW_MS = 1_800_000_000_000
GB = 1_000_000_000
ALL = frozenset(("Read", "Write", "Create", "Describe", "DescribeConfigs"))


def record(key: bytes | None, partition: int, *, topic: str = ORDERS_EVENTS, at: int = NOW_MS, kind: int = 0) -> Record:
    return Record(topic, partition, 0, at, kind, key, b"", ())


def rightly(number: int, topic: str = ORDERS_EVENTS) -> Record:
    key = f"SO-{number}".encode()
    return record(key, partition_of(key, PARTITIONS), topic=topic)


def states(findings: Iterable[Finding]) -> list[str]:
    return [finding.state for finding in findings]


def test_records_where_their_keys_belong_are_well() -> None:
    (finding,) = judge_partitioners([rightly(number) for number in range(40)], PARTITIONS)
    assert (finding.state, finding.found) == ("ok", "the newest 40 input records are where their keys belong")


def test_a_producer_with_another_partitioner_is_found_by_its_topic() -> None:
    key = b"SO-1"
    wrong = record(key, (partition_of(key, PARTITIONS) + 1) % PARTITIONS, topic=LOGISTICS_STATUS)
    (finding,) = judge_partitioners([rightly(1), rightly(2, LOGISTICS_STATUS), wrong], PARTITIONS)
    assert finding.state == "warning"
    assert finding.found.startswith("logistics.status: 1 of the newest 2 records are not on the partition of their key")
    assert "partitioner=murmur2_random" in finding.remedy


def test_records_without_a_key_are_told() -> None:
    (finding,) = judge_partitioners([record(None, 3)], PARTITIONS)
    assert (finding.state, "have no key" in finding.found) == ("warning", True)


def test_a_producer_whose_clock_is_ahead_is_told_but_not_one_whose_time_the_broker_set() -> None:
    ahead = [record(b"x", 0, at=NOW_MS + 90_000), record(b"y", 0, at=NOW_MS)]
    (finding,) = judge_producers_clocks(ahead, NOW_MS)
    assert finding.found == "orders.events has records from 90 s in the future"
    assert list(judge_producers_clocks([record(b"x", 0, at=NOW_MS + 90_000, kind=1)], NOW_MS)) == []


@pytest.mark.parametrize(
    ("appended", "state", "found"),
    [
        (NOW_MS + 5, "ok", "ours, to 20 ms"),
        (NOW_MS + 20 + 400, "ok", "0.4 s ahead of ours"),
        (NOW_MS - 3_000, "warning", "3.0 s behind ours"),
        (NOW_MS + 20 + 3_000, "warning", "3.0 s ahead of ours"),
        (NOW_MS - 120_000, "failed", "120.0 s behind ours"),
    ],
)
def test_kafkas_clock_is_compared_with_ours_as_far_as_the_round_trip_allows(
    appended: int, state: str, found: str
) -> None:
    finding = judge_clock(appended, NOW_MS, NOW_MS + 20)
    assert (finding.state, found in finding.found) == (state, True), finding


def test_a_disk_that_is_nearly_full_is_told_and_one_that_is_full_is_wrong() -> None:
    assert judge_disk("x", 50 * GB, 100 * GB).state == "ok"
    assert judge_disk("x", 5 * GB, 100 * GB).state == "warning"
    assert judge_disk("x", GB // 2, 100 * GB).state == "failed"
    assert judge_disk("x", -1, -1).state == "unknown"
    assert states(judge_disks([Disk(1, "/a", 100 * GB, 50 * GB), Disk(2, "/b", 100 * GB, GB // 2)], 0)) == [
        "ok",
        "failed",
    ]
    assert states(judge_disks([], 31)) == ["unknown"]


def test_a_kafka_that_is_too_old_is_wrong_and_one_that_does_not_say_is_unknown() -> None:
    assert states(judge_versions({"metadata.version": 27})) == ["ok", "ok"]
    assert states(judge_versions({"metadata.version": 14})) == ["ok", "ok"]
    assert states(judge_versions({"metadata.version": 13})) == ["ok", "failed"]
    assert states(judge_versions({})) == ["ok", "unknown"]
    *_, newer = judge_versions({"metadata.version": 99})
    assert "later than 4.1" in newer.found


def test_a_login_lacks_what_its_role_needs_and_it_is_named() -> None:
    worker = ROLES["worker"]
    topics = {grant.name for grant in worker.grants("") if grant.resource == "topic"}
    assert judge_rights(worker, dict.fromkeys(topics, ALL), group=True, transactions=True).state == "ok"
    partly: dict[str, frozenset[str] | int] = {**dict.fromkeys(topics, ALL), LOGISTICS_STATUS: 29}
    partly[ORDERS_EVENTS] = frozenset(("Describe",))
    finding = judge_rights(worker, partly, group=False, transactions=True)
    assert finding.state == "failed"
    assert "Read on orders.events" in finding.found
    assert "Read on logistics.status" in finding.found
    assert "its consumer group" in finding.found
    assert "hub topics acls worker" in finding.remedy
    assert judge_rights(worker, dict.fromkeys(topics, ALL), group=True, transactions=False).state == "failed"
    nothing = judge_rights(worker, {}, group=True, transactions=True)
    assert " and " in nothing.found
    assert len(nothing.found) < 300

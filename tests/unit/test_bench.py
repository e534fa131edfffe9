"""What the benchmark says must be trusted more than what it measures: its examiner and its clock."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import orjson
import pytest

from bench.check import Output, Verdict
from bench.full_orders import Examiner
from bench.measure import Look, in_sequence, timing
from bench.orders import CHAPTERS, claim, generate
from bench.report import replace_section
from bench.workload import Workload
from hub.codec import Codec
from hub.domain.effects import SettlementRecorded
from hub.domain.events import OrderPlaced
from hub.domain.journal import JournalEntry
from hub.runtime.partitioner import partition_of

WORKLOAD = Workload(events=500, keys=20)


def right_outputs() -> list[bytes]:
    totals: dict[bytes, tuple[int, int]] = {}
    outputs = []
    for key, amount in WORKLOAD:
        count, total = totals.get(key, (0, 0))
        totals[key] = count, total = count + 1, total + amount
        outputs.append(orjson.dumps({"key": key.decode(), "count": count, "sum": total}))
    return outputs


def examine(outputs: list[bytes]) -> Verdict:
    output = Output()
    for value in outputs:
        output.add(value)
    return output.verdict(WORKLOAD.totals)


def test_a_right_output_is_sound() -> None:
    assert examine(right_outputs()).sound


def test_a_lost_output_is_found_wherever_it_is_missing() -> None:
    for missing in range(WORKLOAD.events):
        outputs = right_outputs()
        del outputs[missing]
        verdict = examine(outputs)
        assert (verdict.lost, verdict.doubled, verdict.sound) == (1, 0, False)


def test_an_output_sent_twice_is_found() -> None:
    outputs = right_outputs()
    outputs.insert(200, outputs[100])
    assert examine(outputs).doubled == 1


def test_an_event_applied_twice_is_found() -> None:
    key = orjson.loads(right_outputs()[-1])["key"]
    count, total = WORKLOAD.totals[key]
    verdict = examine([*right_outputs(), orjson.dumps({"key": key, "count": count + 1, "sum": total + 1})])
    assert (verdict.lost, verdict.doubled, verdict.wrong) == (0, 1, 1)


def test_a_wrong_sum_is_found() -> None:
    last = orjson.loads(right_outputs()[-1])
    verdict = examine([*right_outputs()[:-1], orjson.dumps({**last, "sum": last["sum"] + 1})])
    assert (verdict.wrong, verdict.sound) == (1, False)


def test_two_outputs_of_a_key_in_the_wrong_order_are_found() -> None:
    outputs = right_outputs()
    key = orjson.loads(outputs[0])["key"]
    first, second = [index for index, value in enumerate(outputs) if orjson.loads(value)["key"] == key][:2]
    outputs[first], outputs[second] = outputs[second], outputs[first]
    assert examine(outputs).disordered > 0


def test_a_smaller_workload_is_the_beginning_of_a_larger_one() -> None:
    assert list(Workload(100, 20)) == list(WORKLOAD)[:100]


def test_messages_lie_where_kafka_clients_would_put_them() -> None:
    for partition, key, value, _ in WORKLOAD.messages():
        assert partition == partition_of(key, 8)
        assert orjson.loads(value)["key"] == key.decode()


def test_speed_counts_what_came_after_the_first_look_that_saw_any() -> None:
    # Two partitions; offset 2 of the first and 5 of the second are transaction markers.
    committed = [[0, 1, 3, 4], [0, 1, 2, 3, 4, 6]]
    looks = [
        Look(10.0, (0, 0), 1.0),
        Look(11.0, (3, 0), 2.0),  # 2 events seen
        Look(12.0, (3, 6), 4.0),  # 7
        Look(15.0, (6, 8), 5.5),  # all 10
    ]
    measured = timing(looks, committed)
    assert measured.start_up == pytest.approx(1.0)
    assert measured.seconds == pytest.approx(4.0)
    assert measured.counted == 8
    assert measured.rate == pytest.approx(8 / 4)
    assert measured.second_half == pytest.approx(3 / 3)
    assert measured.cpu == pytest.approx(3.5)


def test_stretches_of_work_add_up_to_one() -> None:
    first = timing([Look(0.0, (0,), 0.0), Look(1.0, (2,), 1.0), Look(2.0, (4,), 2.0)], [[0, 1, 2, 3]])
    second = timing([Look(9.0, (4,), 0.5), Look(10.0, (5,), 1.0), Look(13.0, (9,), 4.0)], [list(range(9))])
    whole = in_sequence([first, second])
    assert (whole.counted, whole.seconds, whole.cpu) == (6, pytest.approx(4.0), pytest.approx(4.0))
    assert whole.rate == pytest.approx(6 / 4)


def test_output_that_came_all_at_once_has_no_speed() -> None:
    assert timing([Look(0.0, (0,), 0.0), Look(1.0, (3,), 0.1)], [[0, 1, 2]]).rate is None


def test_a_section_of_a_document_is_replaced_and_the_rest_kept(tmp_path: Path) -> None:
    document = tmp_path / "doc.md"
    document.write_text("before\n<!-- a: begin -->\nold\n<!-- a: end -->\nafter\n")
    replace_section(document, "a", r"new \1")
    assert document.read_text() == "before\n<!-- a: begin -->\nnew \\1\n<!-- a: end -->\nafter\n"
    with pytest.raises(ValueError, match="0 sections named b"):
        replace_section(document, "b", "")


CODEC = Codec.load()
PLACED = generate(3, 2, datetime(2025, 3, 3, tzinfo=UTC))


def journal_of(order: OrderPlaced) -> list[JournalEntry]:
    names = [make(order).event_id for chapter in CHAPTERS for _, make in chapter.steps]
    types = [type(make(order)).__name__ for chapter in CHAPTERS for _, make in chapter.steps]
    return [
        JournalEntry(
            order_id=order.order_id,
            entry=number,
            decided_at=order.occurred_at,
            event_id=event_id,
            event_type=event_type,
            topic="t",
            partition=0,
            offset=number,
            payload=b"",
            outcome="applied",
        )
        for number, (event_id, event_type) in enumerate(
            zip([*names, "by the credit agent"], [*types, "CreditDecided"], strict=True), start=1
        )
    ]


def examine_orders(
    journal: list[JournalEntry], claims: list[tuple[OrderPlaced, Decimal]] | None = None, dead: int = 0
) -> Verdict:
    examiner = Examiner(CODEC)
    for entry in journal:
        examiner.journaled(CODEC.encode(entry))
    for order, amount in [(order, claim(order)) for order in PLACED] if claims is None else claims:
        examiner.settled(CODEC.encode(settlement(order, amount)))
    for _ in range(dead):
        examiner.refused(b"")
    return examiner.verdict(PLACED)


def settlement(order: OrderPlaced, amount: Decimal) -> SettlementRecorded:
    zero = Decimal(0)
    return SettlementRecorded(
        event_id="s",
        source="s",
        occurred_at=order.occurred_at,
        order_id=order.order_id,
        settlement_id="s",
        kind="invoice",
        cause="close",
        preceding=(),
        customer_id=order.customer_id,
        purchase_order="",
        currency="EUR",
        deliver_to=order.deliver_to,
        delivered_on=None,
        payment_due=None,
        payment_terms="",
        lines=(),
        adjustments=(),
        vat=(),
        line_total=zero,
        allowance_total=zero,
        charge_total=zero,
        tax_exclusive=zero,
        tax_total=zero,
        tax_inclusive=amount,
        prepaid=zero,
        rounding=zero,
        payable=amount,
        tax_currency="",
        tax_total_accounting=None,
        differences=(),
    )


def whole_journal() -> list[JournalEntry]:
    return [entry for order in PLACED for entry in journal_of(order)]


def test_a_right_journal_with_right_settlements_is_sound() -> None:
    assert examine_orders(whole_journal()).sound


def test_an_order_event_without_entry_is_lost() -> None:
    assert examine_orders(whole_journal()[:-1]).lost == 1


def test_an_order_event_applied_twice_is_doubled() -> None:
    journal = whole_journal()
    again = msgspec.structs.replace(journal[-2], entry=journal[-1].entry + 1)
    assert examine_orders([*journal, again]).doubled == 1


def test_a_gap_in_the_entries_is_disorder() -> None:
    journal = whole_journal()
    journal[-1] = msgspec.structs.replace(journal[-1], entry=99)
    assert examine_orders(journal).disordered == 1


def test_an_event_that_was_only_parked_is_lost_and_wrong() -> None:
    journal = whole_journal()
    journal[4] = msgspec.structs.replace(journal[4], outcome="parked")
    verdict = examine_orders(journal)
    assert (verdict.lost, verdict.wrong) == (1, 1)


def test_a_settlement_that_is_missing_double_or_a_cent_off_is_wrong() -> None:
    right = [(order, claim(order)) for order in PLACED]
    for claims in (right[1:], [right[0], *right], [(PLACED[0], right[0][1] + Decimal("0.01")), *right[1:]]):
        assert examine_orders(whole_journal(), claims).wrong == 1


def test_a_dead_letter_is_wrong() -> None:
    assert examine_orders(whole_journal(), dead=1).wrong == 1


def test_where_the_time_of_the_handler_goes_is_told_by_stage() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "bench.handler", "--orders", "5"], capture_output=True, text=True, check=True
    )
    stages = {row.split("|")[1].strip() for row in told.stdout.splitlines() if row.startswith("| ")}
    assert stages >= {"decide", "encode states", "decode events", "write the store", "**in all**"}

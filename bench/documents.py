"""How many documents a minute one core reads, from bytes to checked events: `python -m bench.documents`.

The documents are those of `examples/`, in files of a thousand; UBL has one document a file. The figure is of processor
time, the best of some rounds.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

from connectors.base import Accepted, Read
from connectors.defaults import Defaults, Vat
from connectors.edifact.reader import Edifact
from connectors.jsonl import JsonLines
from connectors.mapped.mapping import load_mapping
from connectors.mapped.table import MappedTable
from connectors.ubl import UblOrders
from connectors.x12.reader import X12

EXAMPLES = Path(__file__).parent.parent / "examples"
DOCUMENTS = 1_000
ROUNDS = 5
DEFAULTS = Defaults(Vat("S", Decimal(19)), "EUR", "DE")


def repeated(name: str, begin: bytes, end: bytes, count: bytes) -> bytes:
    """A file of the example's first document, many times; `count` is what its trailer says of one."""
    raw = (EXAMPLES / name).read_bytes()
    start, stop = raw.index(begin), raw.index(end)
    after = raw[raw.index(count) :].replace(count, count.replace(b"2", str(DOCUMENTS).encode()), 1)
    return raw[:start] + raw[start:stop] * DOCUMENTS + after


def per_minute(read: Callable[[], Iterable[Read]]) -> float:
    """Documents accepted in a minute of processor time."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        accepted = sum(isinstance(each, Accepted) for each in read())
        best = min(best, (time.process_time() - start) / accepted)
    return 60 / best


def main() -> None:
    """Print the table."""
    order = (EXAMPLES / "order.xml").read_bytes()
    json_lines = ((EXAMPLES / "orders.jsonl").read_bytes().splitlines(keepends=True)[1]) * DOCUMENTS
    header, *rows = (EXAMPLES / "orders.csv").read_bytes().splitlines(keepends=True)
    table = header + b"".join(
        row.replace(b"SO-9001", b"SO-%d" % number) for number in range(DOCUMENTS) for row in rows[:2]
    )
    x12 = repeated("orders.x12", b"ST*850*0001", b"ST*850*0002", b"GE*2*417")
    edifact = repeated("orders.edi", b"UNH+1", b"UNH+2", b"UNZ+2+417")
    mapped = MappedTable(load_mapping(EXAMPLES / "orders-mapping.yaml"))
    ubl = UblOrders(DEFAULTS.vat)
    print("| format | documents/min |\n|---|---:|")
    for name, read in (
        ("X12 850, 20 segments", lambda: X12(DEFAULTS).read(io.BytesIO(x12), "bench")),
        ("EDIFACT ORDERS, 30 segments", lambda: Edifact(DEFAULTS).read(io.BytesIO(edifact), "bench")),
        ("UBL Order, 2 lines", lambda: (one for _ in range(DOCUMENTS) for one in ubl.read(io.BytesIO(order), "bench"))),
        ("CSV, 2 rows an order", lambda: mapped.read(io.BytesIO(table), "bench")),
        ("JSON Lines", lambda: JsonLines().read(io.BytesIO(json_lines), "bench")),
    ):
        print(f"| {name} | {per_minute(read):,.0f} |")


if __name__ == "__main__":
    main()

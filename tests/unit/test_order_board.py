"""`hub order watch` on a terminal: whatever its size, the board fits and its orders can be read."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from hub.cli.order_list import Orders, Wanted, board
from hub.codec import Codec
from hub.topics import ORDERS_STATE
from tests.support.histories import records, told
from tests.support.orders import START


@pytest.mark.parametrize(("width", "height"), [(60, 10), (80, 24), (200, 60)])
def test_the_board_fits_the_terminal_with_a_line_for_each_order(width: int, height: int) -> None:
    orders = Orders(Codec.load(), Wanted())
    for record in records(told(40, seed=3)):
        if record.topic == ORDERS_STATE:
            orders.take(record)
    console = Console(file=StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    shown = console.render_lines(board(orders, console, START + timedelta(days=40)), pad=False)
    lines = ["".join(segment.text for segment in line).rstrip() for line in shown]
    assert len(lines) < height, "the last line is the cursor's"
    assert all(len(line) <= width for line in lines)
    first = next(number for number, line in enumerate(lines) if line.startswith("order "))
    rows = lines[first + 1 :]
    assert len(rows) == min(40, height - first - 2)
    assert [row.split()[0] for row in rows] == [state.order_id for state in orders.latest(len(rows))]
    counted = " ".join(lines[: first - 1]).replace("\N{NO-BREAK SPACE}", " ").split()[1:]
    assert sum(map(int, counted[1::2])) == 40, "no status is parted from its count"

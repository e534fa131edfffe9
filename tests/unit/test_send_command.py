"""`hub send --dry-run`: what documents may leave open, and the acknowledgements that go back to their senders."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli import app

EXAMPLES = Path(__file__).parents[2] / "examples"


def send(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["send", "--dry-run", *map(str, arguments)])


def test_the_997_of_an_interchange_is_written_to_the_directory_asked_for(tmp_path: Path) -> None:
    done = send("--receipts", tmp_path / "acks", EXAMPLES / "orders.x12")
    assert done.exit_code == 0, done.output
    (receipt,) = (tmp_path / "acks").iterdir()
    assert receipt.name == "orders.x12_1.997"
    assert b"\nAK9*A*2*2*2~\n" in receipt.read_bytes()
    assert done.stdout.splitlines()[-1] == f"answered {EXAMPLES / 'orders.x12'}:1: {receipt}"
    assert done.stderr == "3 valid, 0 refused.\n"


def test_a_file_s_name_cannot_lead_its_acknowledgement_out_of_the_directory(tmp_path: Path) -> None:
    strange = tmp_path / "..\\..\\..evil name.x12"
    strange.write_bytes((EXAMPLES / "orders.x12").read_bytes())
    assert send("--receipts", tmp_path / "acks", strange).exit_code == 0
    assert [path.name for path in (tmp_path / "acks").iterdir()] == ["_.._..evil_name.x12_1.997"]


@pytest.mark.parametrize(
    "wrong", [("--vat", "S"), ("--vat", "X:20"), ("--currency", "usd"), ("--country", "XX"), ("--vat", "S:٣")]
)
def test_an_option_that_says_nothing_is_wrong_usage(wrong: tuple[str, str]) -> None:
    assert send(*wrong, EXAMPLES / "orders.x12").exit_code == 2

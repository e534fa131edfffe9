"""A file in a drop folder is taken by one process, whole, and whatever happens it can be found again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import orjson
import pytest

from connectors.base import Problem, Receipt, Refusal
from connectors.folder import Claimed, DropFolder
from hub.errors import ConfigError


@pytest.fixture
def drop(tmp_path: Path) -> DropFolder:
    made = DropFolder(tmp_path, quiet_seconds=0)
    made.prepare()
    return made


def put(root: Path, name: str, content: bytes = b"x") -> Path:
    path = root / name
    path.write_bytes(content)
    return path


def claimed(drop: DropFolder, path: Path) -> Claimed:
    taken = drop.claim(path)
    assert taken
    return taken


def test_a_file_goes_from_the_folder_to_the_done_ones(drop: DropFolder, tmp_path: Path) -> None:
    path = put(tmp_path, "orders.x12", b"ISA")
    (waiting,) = drop.waiting()
    taken = claimed(drop, waiting)
    assert (taken.name, taken.stream.read(), path.exists()) == ("orders.x12", b"ISA", False)
    with taken.stream:
        drop.finish(taken)
    assert drop.waiting() == []
    (done,) = (tmp_path / "done").iterdir()
    assert done.name.endswith("-orders.x12")
    assert done.read_bytes() == b"ISA"


@pytest.mark.usefixtures("drop")
def test_of_many_that_want_a_file_one_gets_it(tmp_path: Path) -> None:
    paths = [put(tmp_path, f"{number}.x12") for number in range(200)]
    taken: list[Claimed] = []
    begin = threading.Barrier(8)

    def grab() -> None:
        begin.wait()
        mine = DropFolder(tmp_path, quiet_seconds=0)
        taken.extend(each for path in paths if (each := mine.claim(path)))

    threads = [threading.Thread(target=grab) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.name for each in taken) == sorted(path.name for path in paths)
    for each in taken:
        each.stream.close()


def test_what_another_process_works_on_is_left_alone_until_it_dies(drop: DropFolder, tmp_path: Path) -> None:
    put(tmp_path, "orders.x12")
    script = (
        "import sys; from pathlib import Path; from connectors.folder import DropFolder\n"
        f"drop = DropFolder(Path({str(tmp_path)!r}), quiet_seconds=0)\n"
        "mine = drop.claim(drop.waiting()[0]); print('mine', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout
    assert other.stdout.readline() == b"mine\n"
    (path,) = drop.waiting()
    assert drop.claim(path) is None
    other.kill()
    other.wait()
    for pipe in (other.stdin, other.stdout):
        if pipe:
            pipe.close()
    taken = claimed(drop, path)
    assert taken.name == "orders.x12"
    taken.stream.close()


def test_a_file_that_is_still_written_to_waits(tmp_path: Path) -> None:
    drop = DropFolder(tmp_path, quiet_seconds=60)
    drop.prepare()
    path = put(tmp_path, "orders.x12")
    assert drop.waiting() == []
    os.utime(path, (time.time() - 61,) * 2)
    assert drop.waiting() == [path]


def test_unfinished_hidden_and_foreign_things_are_left_alone(drop: DropFolder, tmp_path: Path) -> None:
    for name in (".orders.x12", "orders.x12.part", "ORDERS.FILEPART", "a.tmp"):
        put(tmp_path, name)
    (tmp_path / "directory").mkdir()
    (tmp_path / "link.x12").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.x12")
    assert drop.waiting() == []


def test_what_became_a_link_or_a_pipe_before_it_was_claimed_is_not_read(drop: DropFolder, tmp_path: Path) -> None:
    waiting = put(tmp_path, "orders.x12")
    waiting.unlink()
    waiting.symlink_to("/etc/passwd")
    assert drop.claim(waiting) is None
    (tmp_path / "claimed" / "0123456789ab-left.x12").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "claimed" / "0123456789ab-pipe.x12")
    assert [drop.claim(path) for path in drop.waiting()] == [None, None, None]


def test_files_are_taken_in_the_order_they_came_and_left_ones_first(drop: DropFolder, tmp_path: Path) -> None:
    for age, name in ((30, "b"), (20, "a"), (10, "c")):
        os.utime(put(tmp_path, name), (time.time() - age,) * 2)
    claimed(drop, tmp_path / "c").stream.close()  # as if its process had died
    assert [path.name[-1] for path in drop.waiting()] == ["c", "b", "a"]


def test_a_refused_document_lies_as_it_came_with_the_reasons_beside_it(drop: DropFolder, tmp_path: Path) -> None:
    put(tmp_path, "orders.x12")
    taken = claimed(drop, drop.waiting()[0])
    drop.keep(taken, 3, Refusal("orders.x12:1.3", (Problem("PO1 element 2", "zero"),), b"ST*850\xff"))
    drop.keep(taken, 4, Receipt("orders.x12:1", "orders.x12_1.997", b"ISA"))
    taken.stream.close()
    raw, told = sorted((tmp_path / "refused").iterdir())
    assert raw.name.endswith("-orders.x12.3")
    assert raw.read_bytes() == b"ST*850\xff"
    assert orjson.loads(told.read_bytes()) == {
        "where": "orders.x12:1.3",
        "problems": [{"what": "PO1 element 2", "reason": "zero"}],
    }
    (receipt,) = (tmp_path / "receipts").iterdir()
    assert receipt.name.endswith("-orders.x12_1.997")


@pytest.mark.parametrize("name", ["x\\..\\..\\evil.x12", "-rf", "a b\nc.x12", "ü" * 127, "x" * 255, "\udcff.x12"])
def test_no_name_leads_out_of_the_folder_or_is_too_long(drop: DropFolder, tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    taken = claimed(drop, drop.waiting()[0])
    kept = drop.keep(taken, 1, Refusal("x", (Problem("", "no"),), b"raw"))
    with taken.stream:
        drop.finish(taken)
    assert kept
    assert kept.parent == tmp_path / "refused"
    assert len(list((tmp_path / "done").iterdir())) == 1


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        DropFolder(tmp_path / "nowhere", quiet_seconds=0).waiting()

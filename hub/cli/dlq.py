"""`hub dlq`: what the hub refused, and what people decide about it."""

from __future__ import annotations

import asyncio
import getpass
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import orjson
import typer
from rich.console import Console
from rich.text import Text

from connectors.dead_letter_desk import Action, Desk, objection
from connectors.dead_letters import DeadLetter, Wanted, choose, read_letters
from connectors.reading import Reader
from hub.cli.as_json import Json, print_json
from hub.cli.options import moment
from hub.cli.tail import record_as_object, safe
from hub.cli.words import when
from hub.codec import Codec
from hub.config import load
from hub.domain.dead_letters import LetterDecided
from hub.topics import HUB_DEAD_LETTER, HUB_DEAD_LETTER_AUDIT

app = typer.Typer(help="What the hub refused: look at it, send it again, or give it up.", no_args_is_help=True)

_SHOWN_BYTES = 400

_Names = Annotated[
    list[str] | None, typer.Argument(metavar="[LETTER]...", help="As `list` has them, e.g. orders.events-3@17.")
]
_Topic = Annotated[str | None, typer.Option(help="Only what was refused on this topic.")]
_Code = Annotated[str | None, typer.Option(help="Only what was refused with this code.")]
_Key = Annotated[str | None, typer.Option(help="Only records of this key: an order, or a customer.")]
_Since = Annotated[datetime | None, typer.Option(parser=moment, help="Only what was refused from then on (UTC).")]
_Until = Annotated[datetime | None, typer.Option(parser=moment, help="Only what was refused before then (UTC).")]
_By = Annotated[str, typer.Option(default_factory=getpass.getuser, help="Who decides it.", show_default="you")]
_Reason = Annotated[str, typer.Option(help="Why; kept with the decision.")]
_Every = Annotated[bool, typer.Option("--every", help="All that are open, where neither letter nor filter is given.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@app.command("list")
def list_(
    *,
    topic: _Topic = None,
    code: _Code = None,
    key: _Key = None,
    since: _Since = None,
    until: _Until = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what was replayed or dropped.")] = False,
    as_json: Json = False,
) -> None:
    """List what was refused and is open: where it lay, its key, the code and the reason."""
    wanted = Wanted((), topic, code, key, since, until)
    letters = [each for each in asyncio.run(_read(wanted)) if everything or each.decided is None]
    if as_json:
        print_json(*map(_as_object, letters))
    elif not letters:
        typer.echo("No dead letter is open." if not everything else "There is no dead letter.")
    else:
        console = Console(highlight=False, soft_wrap=True)
        for each in letters:
            console.print(_line(each))


@app.command()
def show(letter: Annotated[str, typer.Argument(help="As `list` has it.")], *, as_json: Json = False) -> None:
    """Show one letter whole: the record as far as it can be read, its headers, and what was decided about it."""
    (found,) = asyncio.run(_read(Wanted((letter,))))
    codec = Codec.load()
    shown = record_as_object(found.record, codec)
    if as_json:
        raw = None if found.record.value is None else b64encode(found.record.value).decode()
        print_json(_as_object(found) | {"type": shown["type"], "value": shown["value"], "raw": raw})
        return
    console = Console(highlight=False, soft_wrap=True)
    for name, text in _story(found, shown).items():
        console.print(Text.assemble((f"{name:14} ", "cyan"), safe(text)))


@app.command()
def replay(
    names: _Names = None,
    *,
    reason: _Reason,
    by: _By,
    topic: _Topic = None,
    code: _Code = None,
    key: _Key = None,
    since: _Since = None,
    until: _Until = None,
    every: _Every = False,
    dry_run: _DryRun = False,
    as_json: Json = False,
) -> None:
    """Send refused records to the topic and partition they came from, byte-identical, once.

    A record that was replayed or dropped is left alone, however often this is run and wherever it was stopped. One that
    is refused again is a dead letter of its own.
    """
    wanted = _stated(Wanted(tuple(names or ()), topic, code, key, since, until), every=every)
    asyncio.run(_decide("replayed", wanted, by=by, reason=reason, dry_run=dry_run, as_json=as_json))


@app.command()
def drop(
    names: _Names = None,
    *,
    reason: _Reason,
    by: _By,
    topic: _Topic = None,
    code: _Code = None,
    key: _Key = None,
    since: _Since = None,
    until: _Until = None,
    every: _Every = False,
    dry_run: _DryRun = False,
    as_json: Json = False,
) -> None:
    """Give refused records up: they stay where they are, as they are, and are open no more."""
    wanted = _stated(Wanted(tuple(names or ()), topic, code, key, since, until), every=every)
    asyncio.run(_decide("dropped", wanted, by=by, reason=reason, dry_run=dry_run, as_json=as_json))


def _stated(wanted: Wanted, *, every: bool) -> Wanted:
    """What is wanted. Raises typer.BadParameter where nothing was said and so everything would be meant."""
    if not every and wanted == Wanted():
        raise typer.BadParameter("say which: letters, a filter such as --code, or --every for all that are open")
    return wanted


async def _read(wanted: Wanted) -> list[DeadLetter]:
    settings = load()
    reader = Reader(settings.kafka_client(), settings.partitions)
    await reader.check([HUB_DEAD_LETTER, HUB_DEAD_LETTER_AUDIT])
    return choose(await read_letters(reader, Codec.load()), wanted)


async def _decide(action: Action, wanted: Wanted, *, by: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Do it to every wanted letter that it can be done to, and say of each that was named why not."""
    told = _Told(action, as_json=as_json)
    if dry_run:
        for each in told.possible(await _read(wanted), wanted):
            told(each.name, each.code)
        told.end("would be ")
        return
    async with Desk(load(), Codec.load()) as desk:
        letters = told.possible(await desk.letters(wanted), wanted)
        async for decided in desk.decide(letters, action, by=by, reason=reason, now=datetime.now(UTC)):
            told(decided.letter, decided.code, decided)
    told.end("")


class _Told:
    """Says what is done, as it is."""

    def __init__(self, action: Action, *, as_json: bool) -> None:
        self._action = action
        self._as_json = as_json
        self._count = 0

    def possible(self, letters: Sequence[DeadLetter], wanted: Wanted) -> list[DeadLetter]:
        """The letters nothing stands against; what does is said of those that were named, or that are open."""
        found = []
        for each in letters:
            why = objection(each, self._action)
            if not why:
                found.append(each)
            elif each.name in wanted.names or each.decided is None:
                typer.echo(f"{each.name} is left: {why}.", err=True)
        return found

    def __call__(self, name: str, code: str, decided: LetterDecided | None = None) -> None:
        self._count += 1
        if self._as_json:
            print_json(msgspec.to_builtins(decided) if decided else {"letter": name, "code": code})
        else:
            at = decided.replayed_offset if decided else None
            place = "" if at is None else f" and lies at {name.rpartition('@')[0]}@{at}"
            typer.echo(f"{self._action:9} {name} ({code}){place}" if decided else f"{name} ({code})")

    def end(self, would: str) -> None:
        """How many it were."""
        if not self._as_json:
            typer.echo(f"{self._count or 'Nothing'} {would}{self._action}.", err=True)


def _line(letter: DeadLetter) -> Text:
    """A letter in two lines: what and where it is, and why it is there or what was decided."""
    return Text.assemble(
        (f"{letter.name}  ", "cyan"),
        (f"{letter.code}  ", "bold"),
        safe(f"{letter.key}, {when(letter.refused_at)}"),
        f"\n   {safe(letter.reason) if letter.decided is None else _said(letter.decided)}",
    )


def _said(decided: LetterDecided) -> str:
    return safe(f"{decided.action} by {decided.by} at {when(decided.decided_at)}: {decided.reason}")


def _story(letter: DeadLetter, shown: Mapping[str, Any]) -> dict[str, str]:
    """What there is to say of a letter, a line each."""
    value = letter.record.value
    lines = {
        "letter": letter.name,
        "lies at": f"{HUB_DEAD_LETTER}-{letter.record.partition}@{letter.record.offset}",
        "refused at": f"{when(letter.refused_at)} by the {letter.agent} agent",
        "key": letter.key,
        "code": letter.code,
        "reason": letter.reason,
    }
    if letter.replayed_from:
        lines["before"] = f"it is the replay of {letter.replayed_from}"
    if letter.decided:
        lines["decided"] = _said(letter.decided)
    if shown.get("problem"):
        lines["unreadable"] = shown["problem"]
        lines["base64"] = b64encode((value or b"")[:_SHOWN_BYTES]).decode()
    elif value is not None:
        lines["record"] = shown["type"]
        lines["value"] = orjson.dumps(shown["value"]).decode()
    lines |= {name: content.decode(errors="replace") for name, content in letter.headers}
    if not letter.decided:
        drop_it = f"hub dlq drop {letter.name} --reason ..."
        no_replay = objection(letter, "replayed")
        again = f"end what the reason says, then hub dlq replay {letter.name} --reason ..., or {drop_it}"
        lines["to do"] = f"{no_replay}: {drop_it}" if no_replay else again
    return lines


def _as_object(letter: DeadLetter) -> dict[str, Any]:
    decided = msgspec.to_builtins(letter.decided) if letter.decided else None
    return {
        "letter": letter.name,
        "key": letter.key,
        "code": letter.code,
        "reason": letter.reason,
        "agent": letter.agent,
        "refused_at": letter.refused_at.isoformat(),
        "dead_letter_partition": letter.record.partition,
        "dead_letter_offset": letter.record.offset,
        "replayed_from": letter.replayed_from or None,
        "headers": {name: content.decode(errors="replace") for name, content in letter.headers},
        "decided": decided,
    }

"""What the commands that send messages have in common: they tell each try, and list the dead letters."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.text import Text

from connectors.posting.backoff import Backoff
from connectors.posting.posting import Post, Posted, Posting
from connectors.posting.queue import Queue
from hub.cli.as_json import print_json

_COLOURS = {"sent": "green", "waiting": "yellow", "dead": "red", "stopped": "red"}


Once = Annotated[bool, typer.Option("--once", help="End when all that is there and due was tried.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent, and end.")]
Dead = Annotated[bool, typer.Option("--dead", help="List the dead letters, and end.")]
Replay = Annotated[bool, typer.Option("--replay", help="Have the dead letters sent again, first of all.")]
FromBeginning = Annotated[bool, typer.Option("--from-beginning", help="Whoever is new gets all that the topics hold.")]


class Run(NamedTuple):
    """How the command was told to run."""

    from_beginning: bool
    once: bool
    dry_run: bool
    replay: bool

    @property
    def follow(self) -> bool:
        """Whether it goes on with what comes."""
        return not (self.once or self.dry_run)


class PostReport:
    """Prints each try, and counts what was not sent."""

    def __init__(self, *, as_json: bool) -> None:
        self.unsent = 0
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    def __call__(self, posted: Posted) -> None:
        """Tell one."""
        self.unsent += posted.outcome in {"waiting", "dead", "stopped"}
        letter = posted.letter
        if self._as_json:
            entry = {
                "receiver": posted.receiver,
                "id": letter.message_id,
                "key": letter.key,
                "kind": letter.kind,
                "outcome": posted.outcome,
                "tries": posted.tries,
                "reason": posted.reason,
            }
            print_json(entry)
            return
        tries = f" (try {posted.tries})" if posted.tries > 1 else ""
        text = f"{posted.receiver}: {letter.kind} of {letter.key}{tries} {posted.reason}".rstrip()
        self._console.print(Text.assemble((f"{posted.outcome:11}", _COLOURS.get(posted.outcome, "")), text))


def tell_dead(receiver: str, path: Path, report: PostReport) -> None:
    """The dead letters of one receiver."""
    with Queue(path, forget=True) as queue:
        for each in queue.dead():
            report(Posted(receiver, each.letter, "dead", each.tries, each.reason))


def through(queue: Queue, post: Post, backoff: Backoff, run: Run) -> Posting:
    """What sends a receiver's messages, its dead letters first if they are to be replayed."""
    if run.replay:
        queue.revive()
    return Posting(
        post,
        queue,
        backoff,
        random=Random(),  # noqa: S311 - no secret
        from_beginning=run.from_beginning,
        once=run.once,
        dry_run=run.dry_run,
    )

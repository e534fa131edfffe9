"""`hub rules`: are they right, and what did they say to an order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from connectors.reading import Reader
from connectors.rules_topic import find_rules
from hub.cli.as_json import Json, print_json
from hub.cli.order import OrderFile, find
from hub.codec import Codec
from hub.config import Settings, load
from hub.domain.routing import Candidate, LineFacts
from hub.errors import HubError
from hub.replay import Step, replay
from hub.rules.allocation import RuleVerdict
from hub.ruleset import RuleSet, load_ruleset
from hub.topics import HUB_RULES, ORDERS_STATE

app = typer.Typer(help="The rules: whether they are right, and what they said to an order.", no_args_is_help=True)


@app.command()
def check(
    directory: Annotated[
        Path | None, typer.Argument(help="Where the rules are; HUB_RULES_DIR, or the hub's own, if not given.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Load the rules as a worker would: fail with file, line and rule, or say what there is and its version."""
    rules = load_ruleset(directory or load().rules_dir)
    files = [file.name for file in rules.files]
    if as_json:
        print_json({"version": rules.version, "files": files})
    else:
        typer.echo(f"{', '.join(files)} are right: version {rules.version}.")


@app.command()
def explain(
    order_id: Annotated[str, typer.Argument(help="The hub's id of the order.")], *, as_json: Json = False
) -> None:
    """Show for every routing decision of an order which rule won, and why the others did not.

    Each is asked again by the rules that were in effect then.
    """
    settings, codec = load(), Codec.load()
    routings = asyncio.run(_routings(settings, codec, order_id))
    if as_json:
        print_json(*map(_as_object, routings))
        return
    if not routings:
        typer.echo(f"Order {order_id} has not been routed yet: see `hub order show {order_id}`.")
    for step in routings:
        _show(Console(highlight=False), step)


async def _routings(settings: Settings, codec: Codec, order_id: str) -> list[Step]:
    found = await find(settings, codec, order_id)
    if found is None:
        raise HubError(f"There is no order {order_id} at {settings.kafka_bootstrap}: see `hub tail {ORDERS_STATE}`.")
    rules = await _rules_of(settings, codec, found)
    return [step for step in replay(found.journal, codec, rules.__getitem__) if step.asked]


async def _rules_of(settings: Settings, codec: Codec, found: OrderFile) -> Mapping[str, RuleSet]:
    reader = Reader(settings.kafka_client(), settings.partitions)
    await reader.check([HUB_RULES])
    known: dict[str, RuleSet] = {}
    for version in {entry.rules for entry in found.journal}:
        rules = await find_rules(reader, codec, version)
        if rules is None:
            raise HubError(f"Order {found.state.order_id} was decided by rules {version!r}, which {HUB_RULES} has not.")
        known[version] = rules
    return known


def answers(step: Step) -> Iterator[tuple[LineFacts, tuple[Candidate, ...], tuple[RuleVerdict, ...]]]:
    """What the rules said to each line they were asked about."""
    for facts in step.asked:
        yield facts, step.rules.router.candidates(facts), step.rules.router.verdicts(facts)


def _as_object(step: Step) -> dict[str, Any]:
    state = step.decision.state
    return {
        "entry": step.entry.entry,
        "decided_at": step.entry.decided_at.isoformat(),
        "event_type": step.entry.event_type,
        "revision": state.revision if state else 0,
        "rules": step.rules.version,
        "explanations": list(step.decision.explanations),
        "asked": [
            {
                "facts": msgspec.to_builtins(facts),
                "candidates": [{"supplier": each.supplier, "rule": each.rule} for each in candidates],
                "rules": [{**each._asdict(), "verdict": _verdict(each, candidates)} for each in verdicts],
            }
            for facts, candidates, verdicts in answers(step)
        ],
    }


def _show(console: Console, step: Step) -> None:
    state, entry = step.decision.state, step.entry
    console.print(
        f"\n[bold]{entry.order_id}[/bold] revision {state.revision if state else 0}, "
        f"{entry.decided_at:%Y-%m-%d %H:%M:%S} (entry {entry.entry}, {entry.event_type}), rules {step.rules.version}"
    )
    for sentence in step.decision.explanations:
        console.print(f"  {sentence}", style="cyan", markup=False)
    for facts, candidates, verdicts in answers(step):
        console.print(f"\n  {facts.quantity} {facts.unit} of {facts.item_id}", markup=False)
        table = Table("rule", "assigns to", "priority", "", box=None, pad_edge=False, header_style="dim")
        for each in verdicts:
            said = _verdict(each, candidates)
            style = "dim" if each.objection else ""
            table.add_row(each.rule, ", ".join(each.assign), str(each.priority), said, style=style)
        console.print(table)


def _verdict(verdict: RuleVerdict, candidates: Iterable[Candidate]) -> str:
    """What became of a rule, for a person."""
    if verdict.objection:
        return verdict.objection
    named = [each.supplier for each in candidates if each.rule == verdict.rule]
    place = [each.rule for each in candidates].index(verdict.rule) if named else 0
    if not named:
        return "matches, but a rule above names the same"
    return f"{'wins' if place == 0 else 'matches, after the rules above'}: {', '.join(named)}"

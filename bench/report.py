"""Results as a table, and as the documents `docs/performance.md`, `.svg` and `.jsonl`.

The text of `performance.md` is written by hand; only what stands between its markers is replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from bench.contenders import EXACTLY, FAUST, HUB, RUNTIME, STREAMS
from bench.result import Result


@dataclass(frozen=True)
class Line:
    """A contender's runs, summed up by their medians."""

    name: str
    title: str
    guarantee: str
    events: int
    rate: float
    second_half: float
    cpu: float
    """Processor seconds per million events."""
    peak: float
    """MiB."""
    sound: bool


def lines(results: Sequence[Result]) -> list[Line]:
    """One line for each contender, in the order of its first run."""
    runs: dict[str, list[Result]] = {}
    for result in results:
        runs.setdefault(result.name, []).append(result)
    return [
        Line(
            name=name,
            title=mine[0].title,
            guarantee=mine[0].guarantee,
            events=mine[0].events,
            rate=median(each.timing.rate or 0 for each in mine),
            second_half=median(each.timing.second_half or 0 for each in mine),
            cpu=median(each.timing.cpu / each.timing.counted * 1e6 if each.timing.counted else 0 for each in mine),
            peak=median(each.peak_bytes for each in mine) / 2**20,
            sound=all(each.verdict.sound for each in mine),
        )
        for name, mine in runs.items()
    ]


def engine(results: Sequence[Result]) -> str:
    """Everyone's results as a Markdown table."""
    summary = lines(results)
    rates = {line.name: line.rate for line in summary}
    figures = ("events", "events/s", "second half", "x Faust", "x Kafka Streams", "CPU s/million", "peak MiB")
    rows = [
        f"| | guarantee | {' | '.join(figures)} | output |",
        f"|---|---|{'--:|' * len(figures)}---|",
    ]
    for line in summary:
        cells = (
            line.title,
            line.guarantee,
            f"{line.events:,}",
            _rate(line.rate),
            _rate(line.second_half),
            _times(line.rate, rates.get(FAUST)),
            _times(line.rate, rates.get(STREAMS)),
            f"{line.cpu:.1f}",
            f"{line.peak:,.0f}",
            "right" if line.sound else "**WRONG**",
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def parts(results: Sequence[Result]) -> str:
    """The hub's chapters as a Markdown table, of its median run."""
    runs = sorted((each for each in results if each.parts), key=lambda result: result.timing.rate or 0)
    if not runs:
        return ""
    rows = ["| chapter | order events | events/s | CPU µs/event |", "|---|--:|--:|--:|"]
    for title, timing in runs[len(runs) // 2].parts.items():
        cpu = timing.cpu / timing.counted * 1e6 if timing.counted else 0
        rows.append(f"| {title} | {timing.counted:,} | {_rate(timing.rate)} | {cpu:.0f} |")
    return "\n".join(rows)


def _rate(rate: float | None) -> str:
    return f"{rate:,.0f}" if rate else "too short"


def _times(rate: float, other: float | None) -> str:
    return f"{rate / other:.2g}" if other else ""


def write(docs: Path, results: Sequence[Result], machine: Mapping[str, str]) -> None:
    """Rewrite the documents from a whole run."""
    facts = "\n".join(f"- {name}: {value}" for name, value in machine.items())
    replace_section(docs / "performance.md", "engine", f"{engine(results)}\n\nMeasured on:\n\n{facts}")
    replace_section(docs / "performance.md", "orders", parts(results))
    plot(docs / "performance.svg", lines(results))
    with (docs / "performance.jsonl").open("w") as file:
        file.write(json.dumps({"machine": machine}) + "\n")
        file.writelines(json.dumps(asdict(result)) + "\n" for result in results)


def replace_section(path: Path, name: str, content: str) -> None:
    """Replace what stands between `<!-- name: begin -->` and `<!-- name: end -->`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    old = path.read_text()
    new, count = re.subn(
        f"{re.escape(begin)}.*{re.escape(end)}", lambda _: f"{begin}\n{content}\n{end}", old, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"{path} has {count} sections named {name}, not one")
    path.write_text(new)


def plot(path: Path, summary: Sequence[Line]) -> None:
    """Draw events per second as bars, the same bytes for the same figures."""
    import matplotlib as mpl  # noqa: PLC0415 - only a whole run needs it

    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "orderhub", "font.family": "sans-serif"})
    from matplotlib import pyplot as plt  # noqa: PLC0415

    ordered = sorted(summary, key=lambda line: line.rate)
    figure, axes = plt.subplots(figsize=(9, 0.6 + 0.5 * len(ordered)), layout="constrained")
    colours = ["#c2410c" if line.name in (RUNTIME, HUB) else "#64748b" for line in ordered]
    hatches = ["" if line.guarantee == EXACTLY else "//" for line in ordered]
    bars = axes.barh(
        [line.title for line in ordered],
        [line.rate for line in ordered],
        color=colours,
        hatch=hatches,
        edgecolor="white",
    )
    axes.bar_label(bars, [f"{line.rate:,.0f}" for line in ordered], padding=4)
    axes.set_xlabel("events per second, first to last output (hatched: at least once only)")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)

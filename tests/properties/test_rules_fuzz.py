"""Whatever stands in a file of rules or a declaration, it is read or refused in a sentence that names the file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mapped.mapping import load_mapping
from connectors.partners.book import load_partners
from connectors.webhooks.book import load_endpoints
from hub.errors import ConfigError
from hub.monitoring.sources import load_sources
from hub.policy import load_policy
from hub.rules import RULES_DIR, load_reviewer, load_router
from hub.rules.condition import Condition, Vocabulary, fault
from hub.seller import load_seller
from hub.simulator.scenario import DIRECTORY as SCENARIOS
from hub.simulator.scenario import load_scenario
from hub.tolerances import load_tolerances
from tests.support.mutations import fuzzed, mutated, revalued, within_bounds

EXAMPLES = Path(__file__).parents[2] / "examples"
LOADERS: Mapping[str, Callable[[Path], object]] = {
    "allocation.yaml": load_router,
    "nodes.yaml": load_router,
    "classes.yaml": load_reviewer,
    "review.yaml": load_reviewer,
    "policy.yaml": load_policy,
    "holds.yaml": load_policy,
    "exceptions.yaml": load_policy,
    "roles.yaml": load_policy,
    "monitor.yaml": load_policy,
    "plan.yaml": load_policy,
    "sources.yaml": load_sources,
    "texts/en.yaml": load_policy,
    "texts/zh.yaml": load_policy,
    "seller.yaml": load_seller,
    "tolerances.yaml": load_tolerances,
    "orders-mapping.yaml": lambda directory: load_mapping(directory / "orders-mapping.yaml"),
    "partners.yaml": lambda directory: load_partners(directory / "partners.yaml"),
    "endpoints.yaml": lambda directory: load_endpoints(directory / "endpoints.yaml"),
    "bad-day.yaml": lambda directory: load_scenario(str(directory / "bad-day.yaml")),
}
FILES = {
    name: next(path for home in (RULES_DIR, EXAMPLES, SCENARIOS) if (path := home / name).exists()).read_bytes()
    for name in LOADERS
}
_VALUES = r": ([^\n]+)\n"
_ATOMS = (
    "0", "1", "-1", "2.5", "0.0", "9223372036854775807", "1u", '"x"', "true", "null", "[]", "[1, 0]", '{"x": 1}',
    "quantity", "country", "days", "dated", "value", "item_id", 'timestamp("x")', 'duration("1h")', "[1].map(i, i / 0)",
)  # fmt: skip
FACTS: Vocabulary = {
    "quantity": "number",
    "days": "number",
    "value": "number",
    "country": "text",
    "item_id": "text",
    "dated": "truth",
}
_OPERATORS = ("+", "-", "*", "/", "%", "==", "<", ">=", "&&", "||", "in")
_WHOLE = b"".join(FILES.values())


@pytest.fixture(scope="module")
def rules() -> Iterator[Path]:
    """A directory with everything as it is."""
    with TemporaryDirectory() as directory:
        copy = Path(shutil.copytree(RULES_DIR, Path(directory) / "rules"))
        for name, raw in FILES.items():
            (copy / name).write_bytes(raw)
        yield copy


def conditions() -> st.SearchStrategy[str]:
    """What may be written in CEL, of which little makes sense."""

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        pair = st.tuples(inner, st.sampled_from(_OPERATORS), inner).map(lambda parts: f"({' '.join(parts)})")
        choice = st.tuples(inner, inner, inner).map(lambda parts: "({} ? {} : {})".format(*parts))
        call = st.tuples(inner, st.sampled_from(["size", "int", "double", "string", "dyn", "type", "f"])).map(
            lambda parts: f"{parts[1]}({parts[0]})"
        )
        part = st.tuples(inner, inner).map(lambda parts: f"{parts[0]}[{parts[1]}]")
        return pair | choice | call | part | inner.map("!{}".format) | inner.map("-{}".format)

    long = st.tuples(st.sampled_from(["1+", "a.", "(", "!", "[", "{0:"]), st.integers(1, 30_000))
    return st.recursive(st.sampled_from(_ATOMS), larger, max_leaves=8) | long.map(lambda parts: parts[0] * parts[1])


def injured() -> st.SearchStrategy[tuple[str, bytes]]:
    """A file's name and what stands in it."""
    deep = st.sampled_from([b"[" * 500, b"- " * 500, b"{a: " * 500, b"a: &a [*a]\n", b"a: 2026-02-31\n", b"9" * 5_000])
    one = {name: mutated(raw) | revalued(raw, _VALUES) | deep for name, raw in FILES.items()}
    return st.one_of([st.tuples(st.just(name), raws) for name, raws in one.items()])


@fuzzed
@given(file=injured())
def test_any_bytes_like_rules_are_read_or_refused(rules: Path, file: tuple[str, bytes]) -> None:
    name, raw = file
    (rules / name).write_bytes(raw)
    said = ""
    try:
        with within_bounds(_WHOLE):
            LOADERS[name](rules)
    except ConfigError as refused:
        said = str(refused)
    finally:
        (rules / name).write_bytes(FILES[name])
    assert not said or any(Path(file).name in said for file in FILES)


@fuzzed
@given(text=conditions() | st.text(max_size=30), number=st.sampled_from([Decimal(0), Decimal("2.5"), 1, 10**19]))
def test_any_condition_is_refused_or_can_be_asked(text: str, number: Decimal | int) -> None:
    values = {"text": "x", "number": number, "truth": True}
    with within_bounds(text.encode()):
        wrong = fault(text, FACTS, "a line")
    if wrong:
        return
    with suppress(ConfigError):
        Condition("r", text, FACTS).holds({name: values[kind] for name, kind in FACTS.items()})


def test_aliases_that_multiply_what_they_stand_for_are_refused(rules: Path) -> None:
    lists = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    for name, load in LOADERS.items():
        (rules / name).write_text(f"a0: &a0 [x, x]\n{lists}")
        try:
            with within_bounds(_WHOLE), pytest.raises(ConfigError, match="without anchors and aliases"):
                load(rules)
        finally:
            (rules / name).write_bytes(FILES[name])

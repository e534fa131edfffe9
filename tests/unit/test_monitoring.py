"""What `hub monitor export` writes: alerts that fire when they shall, links that lead somewhere, files kept in step."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from hub.cli import app
from hub.errors import ConfigError
from hub.monitoring.boards import boards
from hub.monitoring.sources import load_sources
from hub.policy import load_policy
from tests.support.prometheus import run_tool

ROOT = Path(__file__).parents[2]
QUIET = "0x80"


def test_what_lies_in_deploy_is_what_the_rules_say(tmp_path: Path) -> None:
    exported = CliRunner().invoke(app, ["monitor", "export", str(tmp_path)])
    assert exported.exit_code == 0, exported.output
    written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert {str(path) for path in written} == {
        "prometheus/rules.yml",
        "grafana/dashboards/business.json",
        "grafana/dashboards/operations.json",
    }
    for path in written:
        assert (tmp_path / path).read_text() == (ROOT / "deploy" / path).read_text(), "run `./run monitor export`"


def _tested(tmp_path: Path, series: list[tuple[str, str]], *checks: dict[str, Any]) -> None:
    """Let promtool play the series against the exported rules; a value each minute."""
    shutil.copy(ROOT / "deploy/prometheus/rules.yml", tmp_path)
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series],
                "promql_expr_test": list(checks),
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test))
    done = run_tool("promtool", "test", "rules", tmp_path / "test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def _firing(at: str, *alerts: str) -> dict[str, Any]:
    """What fires at that time, as `name{labels}` in the notation of PromQL."""
    samples = [{"labels": alert, "value": 1} for alert in alerts]
    return {
        "expr": 'sum without (alertstate, __name__) (ALERTS{alertstate="firing"})',
        "eval_time": at,
        "exp_samples": samples,
    }


STALLED = 'hub_stalled{{agent="orders", partition="{}", rule="stalled", department="{}", severity="{}", instance="{}"}}'


def test_an_alert_tells_a_rule_a_department_and_a_severity_as_long_as_an_order_suffers(tmp_path: Path) -> None:
    _tested(
        tmp_path,
        [
            (STALLED.format(0, "production", "warning", "a"), "0x10 2x10 0x20"),
            (STALLED.format(1, "production", "warning", "a"), "0x20 1x3 0x20"),
            (STALLED.format(1, "", "critical", "a"), QUIET),
        ],
        _firing("9m"),
        _firing(
            "15m",
            '{alertname="OrdersStalled", rule="stalled", department="production", severity="warning"}',
        ),
        _firing("35m"),
    )


def test_an_alert_goes_on_while_a_worker_starts_afresh_and_another_takes_its_partitions(tmp_path: Path) -> None:
    alert = '{alertname="OrdersStalled", rule="stalled", department="logistics", severity="warning"}'
    _tested(
        tmp_path,
        [
            (STALLED.format(0, "logistics", "warning", "a"), "1x10 stale _x30"),
            (STALLED.format(0, "logistics", "warning", "b"), "_x14 1x10 stale"),
        ],
        *(_firing(f"{minute}m", alert) for minute in range(1, 29)),
        _firing("31m"),
    )


def test_every_rule_that_orders_are_watched_by_has_an_alert_of_its_own(tmp_path: Path) -> None:
    rules = load_policy().monitor.rules
    series = 'hub_stalled{{agent="orders", partition="0", rule="{}", department="{}", severity="warning"}}'
    alert = '{{alertname="Orders{}", rule="{}", department="production", severity="warning"}}'
    _tested(
        tmp_path,
        [
            *((series.format(name, "production"), "0x5 1x5") for name in rules),
            *((series.format(name, "logistics"), "0x10") for name in rules),
        ],
        _firing("5m"),
        _firing("8m", *(alert.format(name.title().replace("-", ""), name) for name in rules)),
    )


NEWEST = 'hub_input_timestamp_seconds{agent="orders", topic="logistics.status", partition="0"}'
WAITING = 'hub_lag_records{agent="orders", topic="logistics.status", partition="0"}'
SILENT = '{alertname="SourceSilent", topic="logistics.status", department="logistics", severity="warning"}'


def test_a_source_that_is_silent_for_longer_than_it_may_be_is_told_until_it_speaks(tmp_path: Path) -> None:
    _tested(
        tmp_path,
        [(NEWEST, "0x490 29400x100"), (WAITING, "0x600")],
        _firing("479m"),
        _firing("482m", SILENT),
        _firing("500m"),
    )


def test_a_source_is_not_silent_when_it_is_the_hub_that_is_behind(tmp_path: Path) -> None:
    _tested(tmp_path, [(NEWEST, "0x600"), (WAITING, "5x600")], _firing("482m"), _firing("600m"))


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("- {name: nowhere, silent_after: PT1H}", "sources.yaml, line 2: nowhere: no worker reads such a topic"),
        (
            "- {name: orders.events, silent_after: PT0S}",
            "sources.yaml, line 2: orders.events: silent_after is less than",
        ),
        ("- {name: orders.events, silent_after: PT1H, department: sales}", "sources.yaml, line 2: orders.events: "),
        ("- {name: orders.events}", "silent_after"),
    ],
)
def test_a_mistake_in_the_sources_is_told_with_file_and_line(tmp_path: Path, text: str, mistake: str) -> None:
    (tmp_path / "sources.yaml").write_text(f"sources:\n  {text}\n")
    with pytest.raises(ConfigError, match=mistake):
        load_sources(tmp_path)


@pytest.mark.parametrize("name", sorted(boards()))
def test_no_two_panels_of_a_dashboard_lie_upon_each_other(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in boards()[name]["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells

"""What deploys the hub fits together: compose file, image, Prometheus, Alertmanager, Grafana.

No container engine is needed: Prometheus' and Alertmanager's own tools check their files, the rest is compared.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub import __version__
from hub.config import Settings, variable
from hub.metrics import Metrics, SenderMetrics
from tests.support.prometheus import run_tool

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
BOARDS = [json.loads(path.read_text()) for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json"))]
PANELS = [panel for board in BOARDS for panel in board["panels"]]
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((DEPLOY / "prometheus/hub.yml").read_text())["groups"] for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
FAMILIES = [*Metrics().registry.collect(), *SenderMetrics().registry.collect()]
EXPRESSIONS: list[str] = [target["expr"] for panel in PANELS for target in panel["targets"]]

SERVICE_KEYS = {
    "build", "cap_drop", "command", "depends_on", "deploy", "environment", "healthcheck", "image", "ports", "profiles",
    "read_only", "restart", "security_opt", "stop_grace_period", "tmpfs", "volumes",
}  # fmt: skip


def _mounts() -> Iterator[tuple[str, str, str]]:
    """(service, source, target) of every volume."""
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            source, target, *_ = mount.split(":")
            yield name, source, target


def test_the_compose_file_has_only_keys_that_compose_knows() -> None:
    assert set(COMPOSE) == {"name", "x-hub", "services", "volumes"}
    for name, service in SERVICES.items():
        assert set(service) <= SERVICE_KEYS, name


def test_every_image_is_pinned_to_an_exact_version() -> None:
    images = [service["image"] for service in SERVICES.values()] + re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    for image in images:
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+(-[a-z-]+)?", image), image


def test_what_is_built_here_bears_the_hubs_version_and_kafka_is_the_embedded_one() -> None:
    assert SERVICES["worker"]["image"] == SERVICES["topics"]["image"] == f"orderhub:{__version__}"
    kafka = re.search(r"<kafka.version>(.+)</kafka.version>", (ROOT / "broker/pom.xml").read_text())
    assert kafka is not None
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka[1]}"


def test_every_published_port_is_published_to_this_machine_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    for port in published:
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), port


def test_every_mounted_path_exists_and_every_volume_is_declared_and_used() -> None:
    named = set()
    for service, source, _ in _mounts():
        if source.startswith("."):
            assert (ROOT / source).is_dir(), f"{service} mounts {source}"
        else:
            named.add(source)
    assert named == set(COMPOSE["volumes"])


def test_every_service_waited_for_exists_and_can_be_waited_for() -> None:
    for service in SERVICES.values():
        awaited = service.get("depends_on", {})
        assert set(awaited) <= set(SERVICES)
        for name in awaited:
            if isinstance(awaited, dict) and awaited[name]["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]


def test_every_setting_of_the_hub_in_compose_and_image_is_one_it_has() -> None:
    named = set(re.findall(r"HUB_\w+", DOCKERFILE + (ROOT / "docker-compose.yml").read_text()))
    assert named
    assert named <= {variable(field) for field in Settings.model_fields}


def test_the_image_runs_as_a_user_without_rights() -> None:
    last_stage = DOCKERFILE.rpartition("FROM ")[2]
    assert "USER hub" in last_stage
    assert "--uid 10001" in last_stage
    assert SERVICES["worker"]["cap_drop"] == ["ALL"]


def test_what_the_image_copies_is_all_the_hub_needs(tmp_path: Path) -> None:
    copied = re.findall(r"^COPY (\S+) /(\S*)$", DOCKERFILE, re.MULTILINE)
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source, target in copied:
        assert source in allowed
        if target:
            shutil.copytree(ROOT / source, tmp_path / target)

    worker = subprocess.run(
        [sys.executable, "-m", "hub", "worker"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(tmp_path / "app"),
            "HUB_KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "HUB_BROKER_WAIT_MS": "0",
            "HUB_METRICS_PORT": "0",
            "HUB_DATA_DIR": str(tmp_path / "data"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert worker.returncode == 1
    assert "127.0.0.1:1" in worker.stderr.splitlines()[-1]


def test_prometheus_accepts_its_configuration_and_rules() -> None:
    checked = run_tool("promtool", "check", "config", DEPLOY / "prometheus/prometheus.yml")
    assert checked.returncode == 0, checked.stderr


def test_the_alert_rules_fire_when_they_shall_and_not_otherwise() -> None:
    tested = run_tool("promtool", "test", "rules", DEPLOY / "prometheus/hub.test.yml")
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_is_tested_both_ways() -> None:
    quiet, loud, *_ = yaml.safe_load((DEPLOY / "prometheus/hub.test.yml").read_text())["tests"]
    names = {rule["alert"] for rule in ALERTS}
    assert {case["alertname"] for case in quiet["alert_rule_test"]} == names
    firing = loud["promql_expr_test"][0]["exp_samples"]
    assert {sample["labels"] for sample in firing} == {f'{{alertname="{name}"}}' for name in names}


def test_alertmanager_accepts_its_configuration() -> None:
    checked = run_tool("amtool", "check-config", DEPLOY / "alertmanager/alertmanager.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=OrdersStalled severity=critical department=production", "production"),
        ("alertname=OrdersStalled severity=warning department=procurement", "procurement"),
        ("alertname=OrdersStalled severity=warning department=logistics", "logistics"),
        ("alertname=OrdersStalled severity=warning", "order-desk"),
        ("alertname=SourceSilent severity=warning department=logistics topic=logistics.status", "logistics"),
        ("alertname=SourceSilent severity=critical topic=orders.events", "order-desk"),
        ("alertname=HubLagging severity=warning agent=orders", "operations"),
        ("alertname=HubNotRunning severity=critical", "operations"),
        ("alertname=HubSenderStandsStill severity=critical sender=webhooks receiver=shop", "operations"),
    ],
)
def test_an_alert_is_told_to_whose_it_is(labels: str, receiver: str) -> None:
    config = DEPLOY / "alertmanager/alertmanager.yml"
    tested = run_tool("amtool", "config", "routes", "test", f"--config.file={config}", *labels.split())
    assert tested.stdout.split() == [receiver], tested.stderr


def test_prometheus_finds_workers_and_alertmanager_where_compose_puts_them() -> None:
    prometheus = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    (discovery,) = prometheus["scrape_configs"][0]["dns_sd_configs"]
    assert discovery["names"] == ["worker"]
    assert discovery["port"] == Settings.model_fields["metrics_port"].default
    assert prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == ["alertmanager:9093"]
    assert {"worker", "alertmanager"} <= set(SERVICES)
    (listed,) = prometheus["scrape_configs"][1]["file_sd_configs"][0]["files"]
    assert (DEPLOY / "prometheus" / listed).is_file()


def test_grafana_finds_its_dashboards_and_prometheus_where_compose_puts_them() -> None:
    provisioning = DEPLOY / "grafana/provisioning"
    (provider,) = yaml.safe_load((provisioning / "dashboards/hub.yml").read_text())["providers"]
    targets = {target: source for service, source, target in _mounts() if service == "grafana"}
    assert targets[provider["options"]["path"]] == "./deploy/grafana/dashboards"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert {panel["datasource"]["uid"] for panel in PANELS} == {source["uid"]}
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (DEPLOY / "grafana/dashboards" / Path(home).name).is_file()


def test_every_expression_of_the_dashboard_is_promql(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(EXPRESSIONS)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = run_tool("promtool", "check", "rules", tmp_path / "rules.yml")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("expressions", [EXPRESSIONS, [rule["expr"] for rule in RULES]], ids=["dashboard", "alerts"])
def test_every_metric_that_is_looked_at_is_one_a_worker_or_sender_has(expressions: list[str]) -> None:
    suffixes = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}
    existing = {family.name + suffix for family in FAMILIES for suffix in suffixes[family.type]}
    asked = set(re.findall(r"\bhub_\w+", " ".join(expressions)))
    assert asked
    assert asked <= existing
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    assert set(re.findall(r"\bhub:[\w:]+", " ".join(expressions))) <= recorded


def test_the_dashboards_show_every_metric_there_is() -> None:
    shown = " ".join(EXPRESSIONS)
    hidden = {family.name for family in FAMILIES if family.name not in shown}
    assert not hidden

"""Dashboards of Grafana as values: panels laid out left to right, top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

_WIDTH = 24
_SOURCE = {"type": "prometheus", "uid": "prometheus"}

Kind = Literal["stat", "timeseries", "bars"]
"""stat: one number, as it is now. timeseries: lines. bars: one bar for each series, as it is now."""


@dataclass(frozen=True)
class Panel:
    """One picture: a query in PromQL for each legend."""

    title: str
    queries: Mapping[str, str]
    """By legend, in Grafana's notation: `{{label}}`."""
    description: str
    kind: Kind = "timeseries"
    width: int = 12
    """Of 24."""
    unit: str = "short"
    stacked: bool = False


def dashboard(uid: str, title: str, panels: Iterable[Panel], *, since: str) -> dict[str, Any]:
    """The dashboard as Grafana reads it; `since`: what it shows at first, e.g. now-6h."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["orderhub"],
        "timezone": "utc",
        "schemaVersion": 39,
        "version": 1,
        "refresh": "5s",
        "time": {"from": since, "to": "now"},
        "graphTooltip": 1,
        "editable": False,
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": list(_laid_out(panels)),
    }


def _laid_out(panels: Iterable[Panel]) -> Iterable[dict[str, Any]]:
    x = y = row = 0
    for number, panel in enumerate(panels, 1):
        height = 4 if panel.kind == "stat" else 8
        if x + panel.width > _WIDTH:
            x, y, row = 0, y + row, 0
        yield _panel(number, panel, {"x": x, "y": y, "w": panel.width, "h": height})
        x, row = x + panel.width, max(row, height)


def _panel(number: int, panel: Panel, at: dict[str, int]) -> dict[str, Any]:
    now = panel.kind != "timeseries"
    return {
        "id": number,
        "type": {"bars": "bargauge"}.get(panel.kind, panel.kind),
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": at,
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend} | ({"instant": True} if now else {})
            for place, (legend, query) in enumerate(panel.queries.items())
        ],
        "options": _OPTIONS[panel.kind],
    }


def _field(panel: Panel) -> dict[str, Any]:
    if panel.kind != "timeseries":
        return {"unit": panel.unit}
    custom: dict[str, Any] = {"fillOpacity": 40 if panel.stacked else 10, "showPoints": "never"}
    if panel.stacked:
        custom["stacking"] = {"mode": "normal"}
    return {"unit": panel.unit, "min": 0, "custom": custom}


_LAST = {"calcs": ["lastNotNull"]}
_OPTIONS: Mapping[Kind, dict[str, Any]] = {
    "stat": {"reduceOptions": _LAST, "colorMode": "none", "graphMode": "none"},
    "bars": {"reduceOptions": _LAST, "displayMode": "basic", "orientation": "horizontal"},
    "timeseries": {
        "legend": {"displayMode": "table", "placement": "right", **_LAST},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
}

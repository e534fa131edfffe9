"""What the intake answers: JSON, and refusals as RFC 9457 has them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import orjson
from aiohttp import web

from hub.intake.json_events import IntakeProblem


def answer(status: int, value: Any) -> web.Response:
    """A value in JSON."""
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")


def problem(
    status: int, title: str, headers: Mapping[str, str] | None = None, problems: Collection[IntakeProblem] = ()
) -> web.Response:
    """A refusal; `problems` say where, what stands there and what to do."""
    body = orjson.dumps(refusal(status, title, problems))
    return web.Response(status=status, body=body, headers=headers, content_type="application/problem+json")


def refusal(status: int, title: str, problems: Collection[IntakeProblem] = ()) -> dict[str, Any]:
    """What a refusal says."""
    return {
        "title": title,
        "status": status,
        "problems": [{"path": each.path, "reason": each.reason} for each in problems],
    }


def come_again(status: int, title: str, seconds: float) -> web.Response:
    """A refusal of what may be sent again after so many seconds."""
    return problem(status, title, {"Retry-After": str(math.ceil(seconds))})

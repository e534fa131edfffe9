"""What becomes of an event that does not simply take effect. Business refusals are values."""

from __future__ import annotations

from hub.domain.model import Frozen


class Park(Frozen):
    """It came too early: keep it and try again after each event that takes effect, until its deadline."""

    code: str
    detail: str


class Ignore(Frozen):
    """It is understood and changes nothing."""

    code: str
    detail: str


class Refuse(Frozen):
    """It can never take effect."""

    code: str
    detail: str


Verdict = Park | Ignore | Refuse | None
"""None: it took effect."""

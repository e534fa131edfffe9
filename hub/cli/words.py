"""Numbers and times as a person reads them on a terminal."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

_STEPS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def when(moment: datetime) -> str:
    """To the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def lasting(duration: timedelta) -> str:
    """A duration in its largest whole unit: `3 days`."""
    seconds = max(int(duration.total_seconds()), 0)
    name, size = next((step for step in _STEPS if seconds >= step[1]), _STEPS[-1])
    count = seconds // size
    return f"{count} {name}{'' if count == 1 else 's'}"


def number(value: Decimal) -> str:
    """Without zeros that say nothing."""
    return f"{value.normalize():f}"

"""The demonstration's staged orders, in each of which something happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hub.domain.model import DEPARTMENTS, Department
from hub.simulator.conduct import Conduct


@dataclass(frozen=True, slots=True)
class Scene:
    """A staged order, what is to be seen in it, and how the departments behave for it where they are not as always."""

    order_id: str
    happens: str
    conduct: Mapping[Department, Conduct] = field(default_factory=dict)


_SLOW = {department: Conduct(pause=5.0) for department in DEPARTMENTS}

DUPLICATE = Scene("DEMO-DUPLICATE", "the shop sends it twice; it counts once")
EARLY = Scene("DEMO-EARLY", "procurement reports before the order arrives; the report waits for it")
OVER_LIMIT = Scene("DEMO-OVER-LIMIT", "more than the customer's credit limit; the order desk has to decide")
INVALID = Scene("DEMO-INVALID", "a negative quantity; to the dead letters, with the reason")
STALLED = Scene("DEMO-STALLED", "production never answers; an exception says so", {"production": Conduct(silent=True)})
PARTIAL = Scene(
    "DEMO-PARTIAL",
    "delivered in two parts, settled once when all has arrived",
    {department: Conduct(partial=True) for department in DEPARTMENTS},
)
MISKEYED = Scene("DEMO-MISKEYED", "sent to the wrong partition, forwarded to the right one")
CANCELLED = Scene("DEMO-CANCELLED", "cancelled by the customer before anything was shipped", _SLOW)
CHANGED = Scene("DEMO-CHANGED", "a quantity is lowered and a line added while it is being made", _SLOW)
REJECTED = Scene(
    "DEMO-REJECTED",
    "the first department refuses the work, the next one gets it",
    {"production": Conduct(rejecting=True)},
)

SCENES = (DUPLICATE, EARLY, OVER_LIMIT, INVALID, STALLED, PARTIAL, MISKEYED, CANCELLED, CHANGED, REJECTED)
STAGED: Mapping[str, Scene] = MappingProxyType({scene.order_id: scene for scene in SCENES})
"""By order."""

"""What customers are told, in one language (`hub.rules.texts` reads the files)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hub.domain.customer import NotificationKind
from hub.domain.model import Frozen

FALLBACK = "en"
"""The language of whoever asks for one there are no texts in."""
PLACEHOLDERS = frozenset(("order", "reason", "until"))
"""What a notification's text may name."""


class Texts(Frozen, forbid_unknown_fields=True):
    """One language."""

    notifications: Mapping[NotificationKind, str]
    phrases: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The hub's own English sentences (`hub.domain.phrases`), and how they are said in this language."""


def language(texts: Mapping[str, Texts], locale: str) -> str:
    """The best there is for a BCP 47 tag: the tag itself, its language, or else the fallback."""
    if locale in texts:
        return locale
    general = locale.partition("-")[0].lower()
    return general if general in texts else FALLBACK

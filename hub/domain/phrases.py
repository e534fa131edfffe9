"""Sentences of the hub's own that a customer reads: English in the code, other languages by translation.

As with gettext, the English is the key: a translation that is missing leaves the sentence in English.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self


class Phrase(str):
    """A text that knows what it was made of, so that it can be told in other languages."""

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, str]

    def __new__(cls, template: str, **values: str) -> Self:
        """`template` with each `{name}` replaced by the value of that name, which may be a phrase."""
        phrase = super().__new__(cls, template.format(**values))
        phrase.template = template
        phrase.values = values
        return phrase


class Listing(str):
    """Several texts in a row, each of which may be a phrase."""

    __slots__ = ("parts", "separator")
    parts: Sequence[str]
    separator: str

    def __new__(cls, parts: Sequence[str], separator: str) -> Self:
        """The parts with the separator between them."""
        listing = super().__new__(cls, separator.join(parts))
        listing.parts = parts
        listing.separator = separator
        return listing


class Deferred(str):
    """A text whose phrases are made when it is told in another language, and not before."""

    __slots__ = ("phrases",)
    phrases: Callable[[], str]

    def __new__(cls, text: str, phrases: Callable[[], str]) -> Self:
        """`text` is what the phrases come to in English."""
        deferred = super().__new__(cls, text)
        deferred.phrases = phrases
        return deferred


def listed(parts: Iterable[str], separator: str = "; ") -> Listing:
    """Several texts in a row."""
    return Listing(tuple(parts), separator)


def told(text: str, translations: Mapping[str, str]) -> str:
    """A text in the language of the translations, as far as it is the hub's own."""
    if not translations:
        return text
    if isinstance(text, Deferred):
        return told(text.phrases(), translations)
    if isinstance(text, Listing):
        return text.separator.join([told(part, translations) for part in text.parts])
    if not isinstance(text, Phrase):
        return text
    template = translations.get(text.template, text.template)
    return template.format(**{name: told(value, translations) for name, value in text.values.items()})

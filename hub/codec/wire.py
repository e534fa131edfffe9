"""Avro's binary encoding, a value at a time: what the compiled encoders and decoders call.

A message under construction is a text whose characters are its bytes (Latin-1), because Python joins and slices
texts faster than bytes and most of a message is ASCII text already. A message being read is both: `b` its bytes,
`t` the same as such a text, `i` where to read. Every reader returns the value and where it ends.

Lengths are not checked one by one: a slice past the end is short, an index past the end raises, and the caller sees
at the latest when all is read that more was claimed than there is. Nothing is allocated by a claimed length.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)

_MEMO_SIZE = 65_536
_MAX_SHOWN = 60
_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?", re.ASCII).fullmatch


class Malformed(Exception):  # noqa: N818  (never leaves the codec)
    """A value that is not what its schema says; `path` grows on the way out."""

    def __init__(self, reason: str, text: str, path: str = "") -> None:
        super().__init__(reason, text, path)
        self.reason = reason
        self.text = text
        self.path = path


def shown(value: object) -> str:
    """A value as a message shows it: one line, bounded."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


# --- memos: each maps a value to its encoding or back, and works out what it does not hold ---------------


class Longs(dict[int, str]):
    """Integers and lengths as Avro longs; the small ones are remembered."""

    def __missing__(self, number: int) -> str:
        if not -(2**63) <= number < 2**63:
            raise Malformed("invalid-value", f"{shown(number)} does not fit 64 bits")
        rest = (number << 1) ^ (number >> 63)
        code = bytearray()
        while rest > 127:
            code.append(rest & 127 | 128)
            rest >>= 7
        code.append(rest)
        text = code.decode("latin-1")
        if 0 <= number < _MEMO_SIZE:
            self[number] = text
        return text


class NumbersOut(dict[str, str]):
    """Decimals, by their `str`, as Avro strings in plain notation."""

    def __init__(self, longs: Longs) -> None:
        super().__init__()
        self._longs = longs

    def __missing__(self, text: str) -> str:
        plain = _without_exponent(text) if "E" in text else text
        if not _PLAIN_DECIMAL(plain):
            raise Malformed("invalid-value", _NOT_PLAIN.format(shown(text)))
        if len(self) >= _MEMO_SIZE:
            self.clear()
        code = self[text] = self._longs[len(plain)] + plain
        return code


def _without_exponent(text: str) -> str:
    """The same in plain notation, unless that would be long."""
    number = Decimal(text)
    return format(number, "f") if abs(number.adjusted()) <= 18 else text


class NumbersIn(dict[str, Decimal]):
    """Decimals by their plain notation."""

    def __missing__(self, text: str) -> Decimal:
        if not _PLAIN_DECIMAL(text):
            raise Malformed("invalid-value", _NOT_PLAIN.format(shown(text)))
        if len(self) >= _MEMO_SIZE:
            self.clear()
        number = self[text] = Decimal(text)
        return number


_NOT_PLAIN = "{} is not a plain decimal number of at most 18 digits before and 9 after the point"


class InstantsOut(dict[datetime, str]):
    """Moments as microseconds since 1970; one decision writes the same few many times."""

    def __init__(self, longs: Longs) -> None:
        super().__init__()
        self._longs = longs

    def __missing__(self, moment: datetime) -> str:
        if moment.tzinfo is None:
            raise Malformed("invalid-value", f"{moment} has no time zone")
        if len(self) >= _MEMO_SIZE:
            self.clear()
        since = moment - EPOCH
        micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        if 2**48 <= micros < 2**55:  # December 1978 to September 3111
            code = self[moment] = _eight_bytes(micros << 1).decode("latin-1")
        else:
            code = self[moment] = self._longs[micros]
        return code


class Choices(dict[str, str]):
    """The values of a choice, to their encoding or to themselves."""

    def __missing__(self, value: object) -> str:
        raise Malformed("invalid-value", f"{shown(value)} is not one of {', '.join(self)}")


class Flags(dict[Any, Any]):
    """True and False, to their encoding or from it."""

    def __missing__(self, value: object) -> Any:
        raise Malformed("invalid-value", f"{shown(value)} is neither true nor false")


# --- longs of eight bytes, all at once: seven bits to a byte, the top bit set in all but the last ---------

_QUAD = struct.Struct("<Q")


def _eight_bytes(bits: int) -> bytes:
    """56 bits, of which one of the upper seven is set: halves are moved apart, then quarters, then eighths."""
    bits = bits & 0x0FFFFFFF | (bits & 0xFFFFFFF0000000) << 4
    bits = bits & 0x3FFF00003FFF | (bits & 0x0FFFC0000FFFC000) << 2
    bits = bits & 0x7F007F007F007F | (bits & 0x3F803F803F803F80) << 1
    return _QUAD.pack(bits | 0x80808080808080)


def _eight_bytes_at(b: bytes, i: int) -> int:
    """The inverse; -1 where there is no long of eight bytes."""
    if len(b) < i + 8:
        return -1
    bits: int = _QUAD.unpack_from(b, i)[0]
    if bits & 0x8080808080808080 != 0x80808080808080:
        return -1
    bits = bits & 0x7F007F007F007F | (bits & 0x7F007F007F007F00) >> 1
    bits = bits & 0x3FFF00003FFF | (bits & 0x3FFF00003FFF0000) >> 2
    return bits & 0x0FFFFFFF | bits >> 4 & 0xFFFFFFF0000000


# --- writing ---------------------------------------------------------------------------------------------


def as_bytes_text(text: str) -> str:
    """The text whose characters are the bytes of `text` in UTF-8."""
    return text.encode().decode("latin-1")


# --- reading ---------------------------------------------------------------------------------------------

ZIGZAG = tuple((n >> 1) ^ -(n & 1) for n in range(128))
"""The number each one-byte long stands for."""

SPAN = tuple(0 if n & 129 else 1 + (n >> 1) for n in range(256))
"""By the first byte of a text, the size of length and text together; 0 where the length has more than one byte."""


def from_utf8(text: str) -> str:
    """The text whose UTF-8 bytes are the characters of `text`."""
    return text.encode("latin-1").decode()


def long(b: bytes, i: int) -> tuple[int, int]:
    """A long of any size."""
    number = shift = 0
    while (byte := b[i]) > 127:
        number |= (byte & 127) << shift
        shift += 7
        i += 1
        if shift > 63:
            raise Malformed("invalid-value", "a number of more than 64 bits")
    number |= byte << shift
    if number >= 2**64:
        raise Malformed("invalid-value", "a number of more than 64 bits")
    return (number >> 1) ^ -(number & 1), i + 1


def span(b: bytes, i: int) -> tuple[int, int]:
    """Of a text with a length of any size: the position before its first byte, and the one after its last."""
    length, start = long(b, i)
    if length < 0:
        raise Malformed("invalid-value", f"a length of {length}")
    return start - 1, start + length


def day(b: bytes, i: int) -> tuple[date, int]:
    """A date as days since 1970."""
    days, i = long(b, i)
    try:
        return date.fromordinal(EPOCH_ORDINAL + days), i
    except (ValueError, OverflowError):
        raise Malformed("invalid-value", f"{days} days since 1970 is outside the years 1 to 9999") from None


def instant(b: bytes, i: int) -> tuple[datetime, int]:
    """A moment as microseconds since 1970."""
    bits = _eight_bytes_at(b, i)
    if bits >= 0:
        micros, i = (bits >> 1) ^ -(bits & 1), i + 8
    else:
        micros, i = long(b, i)
    try:
        return EPOCH + _MICROSECOND * micros, i
    except OverflowError:
        raise Malformed("invalid-value", f"{micros} us since 1970 is outside the years 1 to 9999") from None


def many(read: Callable[[bytes, str, int], tuple[T, int]], b: bytes, t: str, i: int) -> tuple[tuple[T, ...], int]:
    """An array: blocks of a count and so many items, until a count of 0. Each item takes at least a byte."""
    items: list[T] = []
    count, i = long(b, i)
    while count:
        if count < 0:
            _, i = long(b, i)
        try:
            for _ in range(abs(count)):
                item, i = read(b, t, i)
                items.append(item)
        except Malformed as error:
            error.path = f"[{len(items)}]{_dotted(error.path)}"
            raise
        count, i = long(b, i)
    return tuple(items), i


def branch(index: int) -> Malformed:
    """What is wrong where an optional value is neither absent nor present."""
    return Malformed("invalid-value", f"branch {ZIGZAG[index] if index < 128 else index} of a union of two")


UNREADABLE = (Malformed, IndexError, ValueError, OverflowError)
"""What reading a malformed value raises."""


def located(error: Exception, field: str, *, ended: bool) -> Malformed:
    """The error as one of `field`; `ended` where a length claimed more than there was, which explains all else."""
    inner = error if isinstance(error, Malformed) else None
    path = field + _dotted(inner.path) if inner else field
    if ended or isinstance(error, IndexError):
        return Malformed("truncated", "the message ends before this is complete", path)
    if inner:
        return Malformed(inner.reason, inner.text, path)
    if isinstance(error, UnicodeDecodeError):
        return Malformed("not-utf8", f"byte {error.start} of the text is not UTF-8", path)
    return Malformed("invalid-value", str(error), path)


def _dotted(path: str) -> str:
    return f".{path}" if path and path[0] != "[" else path

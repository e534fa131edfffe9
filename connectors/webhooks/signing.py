"""Signatures as Standard Webhooks 1.0 has them: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence

_PREFIX = "whsec_"
_BYTES = range(24, 65)


def keys_of(secret: str) -> Sequence[bytes]:
    """The keys of a secret: `whsec_` and 24 to 64 bytes in base64; while one replaces another, both, with a space.

    Raises ValueError, without the secret in its text.
    """
    keys = []
    for each in secret.split():
        try:
            key = b64decode(each.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            key = b""
        if not each.startswith(_PREFIX) or len(key) not in _BYTES:
            raise ValueError("a secret is `whsec_` and 24 to 64 random bytes in base64")
        keys.append(key)
    if not keys:
        raise ValueError("it is empty")
    return keys


def signed(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The headers of a request. `message_id` holds no full stop."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = (f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode()}" for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }

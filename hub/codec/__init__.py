"""Messages as bytes: Avro in Confluent's framing, schemas and their ids pinned in `schemas/`."""

from hub.codec.codec import SCHEMA_DIR, Codec
from hub.codec.headers import Headers, cloud_event_headers, headers

__all__ = ["SCHEMA_DIR", "Codec", "Headers", "cloud_event_headers", "headers"]

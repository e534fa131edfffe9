"""`docs/topics.md`, made from `hub.topics` and the structs, so that it cannot say anything else."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hub.codec.publish import documentation
from hub.codec.records import RECORDS, schema_name
from hub.codec.shape import Choice, Field, Many, Maybe, Record, Scalar, Shape, record_of, records_in
from hub.topics import DEFAULT_PARTITIONS, MAX_EVENT_BYTES, TOPICS, Topic

_HEAD = f"""\
# Topics and messages

Made by `hub schemas publish` from `hub/topics.py` and the structs in `hub/domain`; change those.

Every topic has the same number of partitions ({DEFAULT_PARTITIONS} unless `HUB_PARTITIONS` says otherwise, when the
topics are created). A record's partition is murmur2 of its key, as Java clients compute it; a record elsewhere is
forwarded once to where it belongs.

A value is Avro in Confluent's framing: `0x00`, the schema's id as four bytes big-endian, the body. Ids are pinned in
`schemas/ids.lock`, each with its schema; `schemas/*.avsc` are the current ones. An event has at most
{MAX_EVENT_BYTES // 1024} KiB.

| In the tables below | On the wire |
|---|---|
| text | `string` |
| decimal | `string` in plain notation such as `-12.50`: at most 18 digits before and 9 after the point, no exponent |
| whole number | `long` |
| yes or no | `boolean` |
| date | `int`, days since 1970-01-01 |
| moment | `long`, microseconds since 1970-01-01T00:00:00Z |
| bytes | `bytes` |
| `a`, `b` | `string`, one of those named |
| optional X | union of `null` and X |
| list of X | `array` |

Headers follow CloudEvents 1.0 in binary mode: `ce_specversion`, `ce_type` (`orderhub.` and the record type), `ce_id`
(unique per source), `ce_source`, `ce_time`. The hub sets them on all it sends and needs none on what it reads.
Ids of what the hub sends are made from the event they answer, so a repetition has the same id.
"""

_NAMES = {
    Scalar.TEXT: "text",
    Scalar.NUMBER: "decimal",
    Scalar.FLAG: "yes or no",
    Scalar.WHOLE: "whole number",
    Scalar.DAY: "date",
    Scalar.INSTANT: "moment",
    Scalar.RAW: "bytes",
}


def topic_docs() -> str:
    """The page."""
    records = [record_of(struct) for struct in RECORDS]
    parts = {part.name: part for record in records for part in records_in(record)}
    inner = [part for name, part in sorted(parts.items()) if part.struct not in RECORDS]
    sections = [
        _HEAD,
        "## Topics\n",
        _topic_table(),
        "## Records\n",
        *(_record_section(record, f"`schemas/{schema_name(record.name)}.avsc`. ") for record in records),
        "## Parts of records\n",
        *(_record_section(part, "") for part in inner),
    ]
    return "\n".join(sections)


def _topic_table() -> str:
    rows = ["| topic | direction | key | records | written by | kept | content |", "|---|---|---|---|---|---|---|"]
    for topic in TOPICS.values():
        records = ", ".join(map(_link, topic.records)) or "bytes as they came"
        cells = (f"`{topic.name}`", topic.direction, topic.key.replace("|", "\\|"), records, topic.owner, _kept(topic))
        rows.append(f"| {' | '.join(cells)} | {topic.doc} |")
    return "\n".join(rows) + "\n"


def _kept(topic: Topic) -> str:
    if topic.cleanup == "compact":
        return "latest per key"
    retention = int(topic.configs["retention.ms"])
    return "for ever" if retention < 0 else f"{retention // 86_400_000} days"


def _record_section(record: Record, lead: str) -> str:
    docs = documentation(record.struct)
    rows = [_row(field, docs.get(field.name, "")) for field in record.fields]
    head = f"### {record.name}\n\n{lead}{docs.get('', '')}\n\n| field | type | default | meaning |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _row(field: Field, doc: str) -> str:
    meaning = " ".join(doc.split()).replace("|", "\\|")
    return f"| `{field.name}` | {_type(field.shape)} | {_default(field)} | {meaning} |"


def _type(shape: Shape) -> str:
    match shape:
        case Scalar():
            return _NAMES[shape]
        case Choice(values):
            return _quoted(values)
        case Maybe(of):
            return f"optional {_type(of)}"
        case Many(of):
            return f"list of {_type(of)}"
        case Record():
            return _link(shape.name)


def _default(field: Field) -> str:
    match field.default:
        case msgspec.NODEFAULT:
            return ""
        case None:
            return "absent"
        case bool(value):
            return "yes" if value else "no"
        case "" | b"" | ():
            return "empty"
        case msgspec.Struct():
            return "all its defaults"
        case value:
            return f"`{value}`"


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _link(record: str) -> str:
    return f"[{record}](#{record.lower()})"

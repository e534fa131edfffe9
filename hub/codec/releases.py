"""`schemas/releases.lock`: what each released version of the hub promised to those who read and write its topics.

One JSON object a line: the version, the fingerprints of its schemas by id (`ids.lock` has the schemas themselves), and
of every topic for the outside its key and records. What a release promised holds in all later ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.codec.avro import fingerprint
from hub.codec.compatibility import Break, breaks
from hub.codec.lock import Pinned, current
from hub.errors import ConfigError
from hub.topics import TOPICS, Topic

RELEASES_NAME = "releases.lock"


@dataclass(frozen=True, slots=True)
class Release:
    """One line of the file."""

    version: str
    schemas: Mapping[int, str]
    """Fingerprints by id."""
    topics: Mapping[str, Mapping[str, Any]]
    """`key` and `records` by name."""

    def line(self) -> str:
        """As the file holds it."""
        schemas = {str(number): digest for number, digest in self.schemas.items()}
        return json.dumps({"version": self.version, "schemas": schemas, "topics": self.topics}, separators=(",", ":"))


def read_releases(schema_dir: Path) -> tuple[Release, ...]:
    """Every release in order; none while nothing was released. Raises ConfigError."""
    path = schema_dir / RELEASES_NAME
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return tuple(map(_parse, lines))
    except OSError as error:
        raise ConfigError(f"The releases cannot be read from {path}: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is not what was recorded ({error}): restore it, releases never change.") from None


def add_release(
    schema_dir: Path, version: str, pinned: Iterable[Pinned], topics: Mapping[str, Topic] = TOPICS
) -> Release:
    """Record the contracts in force as those of a version. Raises ConfigError if it has some, or they break others'."""
    pinned = tuple(pinned)
    releases = read_releases(schema_dir)
    if version in {release.version for release in releases}:
        raise ConfigError(f"Version {version} is released already: set the new one in hub/__init__.py first.")
    refuse_breaks(releases, pinned, topics)
    schemas = {entry.id: fingerprint(entry.schema) for entry in current(pinned).values()}
    release = Release(version, dict(sorted(schemas.items())), _promised(topics))
    with (schema_dir / RELEASES_NAME).open("a", encoding="utf-8") as file:
        file.write(f"{release.line()}\n")
    return release


def refuse_breaks(releases: Iterable[Release], pinned: Iterable[Pinned], topics: Mapping[str, Topic] = TOPICS) -> None:
    """Hold the contracts in force against every release. Raises ConfigError, a line for each break, with the remedy."""
    pinned = tuple(pinned)
    found: dict[str, str] = {}
    for release in releases:
        for broken in (*_schema_breaks(release, pinned), *_topic_breaks(release, topics)):
            found.setdefault(str(broken), release.version)
    if found:
        lines = "".join(f"\n  {text} (promised by {version})" for text, version in found.items())
        raise ConfigError(f"The contracts break what was released, {len(found)} in all:{lines}")


def _schema_breaks(release: Release, pinned: tuple[Pinned, ...]) -> Iterator[Break]:
    by_id = {entry.id: entry for entry in pinned}
    newest = current(pinned)
    for number, digest in release.schemas.items():
        entry = by_id.get(number)
        if entry is None or fingerprint(entry.schema) != digest:
            name = f", {entry.name}," if entry else ""
            remedy = "publish without --replace, with its line in ids.lock restored if it is gone"
            yield Break(f"schema {number}{name}", "is not what was released", remedy)
        elif (now := newest[entry.name]) is not entry:
            yield from breaks(entry.schema, now.schema, _title(now))


def _title(entry: Pinned) -> str:
    return str(entry.schema["name"]) if isinstance(entry.schema, dict) else entry.name


def _topic_breaks(release: Release, topics: Mapping[str, Topic]) -> Iterator[Break]:
    now = _promised(topics)
    for name, promised in release.topics.items():
        if name not in now:
            yield Break(name, "is gone", "keep the topic; one that nobody needs costs nothing")
            continue
        if now[name]["key"] != promised["key"]:
            what = f"was keyed by {promised['key']} and is by {now[name]['key']}"
            yield Break(name, what, "keep the key; another order of events needs another topic")
        if gone := [record for record in promised["records"] if record not in now[name]["records"]]:
            yield Break(name, f"no longer carries {', '.join(gone)}", "go on sending and taking what was promised")


def _promised(topics: Mapping[str, Topic]) -> dict[str, dict[str, Any]]:
    """What the outside is promised of topics."""
    return {
        topic.name: {"key": topic.key, "records": list(topic.records)}
        for topic in topics.values()
        if topic.direction != "internal"
    }


def _parse(line: str) -> Release:
    entry = json.loads(line)
    schemas = {int(number): str(digest) for number, digest in entry["schemas"].items()}
    topics = {name: {"key": each["key"], "records": each["records"]} for name, each in entry["topics"].items()}
    return Release(str(entry["version"]), schemas, topics)

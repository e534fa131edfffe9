"""Releases, disks, rights: what they should be, and what to do where they are not. Pure."""

from __future__ import annotations

import platform
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib.metadata import version

from hub import __version__
from hub.access import Role
from hub.doctor.finding import Finding
from hub.doctor.wire import Disk

_CLIENTS = ("aiokafka", "faust-streaming", "fastavro", "rocksdict")
_LEVEL = "metadata.version"
_RELEASES = {14: "3.6", 19: "3.7", 20: "3.8", 21: "3.9", 25: "4.0", 27: "4.1"}
"""By the highest level of metadata.version that each release of Kafka brought."""
_OLDEST = 14
_FULL_PERCENT = 10
_FULL_BYTES = 1 << 30
_UNAUTHORISED = 29
"""Kafka's error code of a topic that a login may not see."""


def judge_versions(features: Mapping[str, int]) -> Iterator[Finding]:
    """The hub's own release and its libraries', and Kafka's by what its brokers have agreed on."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _CLIENTS)
    yield Finding("versions", "ok", f"hub {__version__}, Python {platform.python_version()}, {libraries}")
    level = features.get(_LEVEL)
    if level is None:
        yield Finding("versions", "unknown", "Kafka does not say which release it is", "Kafka 3.6 or later is needed")
        return
    release = next((name for highest, name in _RELEASES.items() if level <= highest), "later than 4.1")
    if level < _OLDEST:
        yield Finding(
            "versions",
            "failed",
            f"Kafka's metadata.version is {level}, older than 3.6",
            "upgrade the brokers to Kafka 3.6 or later, then `kafka-features.sh upgrade --release-version`",
        )
    else:
        yield Finding("versions", "ok", f"Kafka {release} (metadata.version {level})")


def judge_disk(where: str, usable: int, total: int) -> Finding:
    """How much room is left."""
    if total <= 0:
        return Finding("disk", "unknown", f"{where}: the room that is left is not told")
    percent = 100 * usable / total
    said = f"{where}: {usable / 1e9:.1f} GB of {total / 1e9:.1f} GB are free ({percent:.0f}%)"
    if usable < _FULL_BYTES:
        remedy = "make room now: Kafka ends when a disk is full, and a worker when its own is"
        return Finding("disk", "failed", said, remedy)
    if percent < _FULL_PERCENT:
        return Finding("disk", "warning", said, "make room, enlarge the disk, or shorten what is kept (retention.ms)")
    return Finding("disk", "ok", said)


def judge_disks(disks: Iterable[Disk], refused: int) -> Iterator[Finding]:
    """The brokers' disks; `refused` is Kafka's error code where it does not tell."""
    found = [judge_disk(f"broker {disk.broker}, {disk.directory}", disk.usable, disk.total) for disk in disks]
    if found:
        yield from found
    elif refused:
        yield Finding(
            "disk", "unknown", "Kafka does not tell this login how full its disks are", "look at them on the brokers"
        )


def judge_rights(
    role: Role, allowed: Mapping[str, Collection[str] | int], *, group: bool, transactions: bool
) -> Finding:
    """Whether a login may do what a role needs; `group` and `transactions`: whether it may use those of the role."""
    lacking = [
        f"{grant.operation} on {grant.name}"
        for grant in role.grants("")
        if grant.resource == "topic" and not _has(allowed.get(grant.name, _UNAUTHORISED), grant.operation)
    ]
    if not group:
        lacking.append("Read on its consumer group")
    if not transactions:
        lacking.append("Write on its transactional ids")
    if not lacking:
        return Finding("ACLs", "ok", f"this login may do all that role {role.name} needs")
    more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
    return Finding(
        "ACLs",
        "failed",
        f"this login lacks {', '.join(lacking[:5])}{more}, which role {role.name} needs",
        f"grant what `hub topics acls {role.name}` prints, or say with --role whose login this is",
    )


def _has(allowed: Collection[str] | int, operation: str) -> bool:
    return not isinstance(allowed, int) and operation in allowed

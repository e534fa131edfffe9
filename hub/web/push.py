"""The pinned schemas into a schema registry of somebody's own, under the ids that the hub's messages name.

By Confluent's import mode: a subject that is switched to it takes schemas with their ids and versions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import aiohttp

from hub.codec.registry import Registry, Version, parse, same
from hub.errors import ConfigError

_SECONDS = aiohttp.ClientTimeout(total=30)


async def push(registry: Registry, url: str) -> AsyncIterator[str]:
    """Bring the registry at `url` up to date, and say of every version that was missing that it is there now.

    What is there already under its id stays; a login is taken from the user's `.netrc`. Raises ConfigError where
    another schema stands under an id or a version of ours, or the registry refuses or does not answer.
    """
    async with aiohttp.ClientSession(timeout=_SECONDS, trust_env=True) as session:
        there = _There(session, url.rstrip("/"))
        for subject in registry.subjects:
            versions = registry.versions(subject)
            missing = [version for version in versions if not await there.has(version)]
            if missing:
                await there.switch(subject, "IMPORT")
                try:
                    for version in missing:
                        await there.put(version)
                        yield f"{subject} {version.number} is there under id {version.entry.id}"
                finally:
                    await there.switch(subject, "READONLY")


async def missing(registry: Registry, url: str) -> list[str]:
    """The versions that the registry at `url` lacks, by subject and number.

    Raises ConfigError where another schema stands in the place of one of ours, or it does not answer as a registry.
    """
    async with aiohttp.ClientSession(timeout=_SECONDS, trust_env=True) as session:
        there = _There(session, url.rstrip("/"))
        return [
            f"{version.subject} {version.number}"
            for subject in registry.subjects
            for version in registry.versions(subject)
            if not await there.has(version)
        ]


class _There:
    """The other registry."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def has(self, version: Version) -> bool:
        """Whether a version is there, under its id."""
        path = f"/subjects/{version.subject}/versions/{version.number}"
        status, found = await self._ask("GET", path)
        if status == HTTPStatus.NOT_FOUND:
            return False
        if status != HTTPStatus.OK:
            raise self._refused(path, status, found)
        schema = parse(str(found.get("schema")))
        if found.get("id") != version.entry.id or schema is None or not same(schema, version.entry.schema):
            raise ConfigError(
                f"{self._url} has another schema as version {version.number} of {version.subject} "
                f"(id {found.get('id')}): use a registry, or a context of it, that holds the hub's schemas only."
            )
        return True

    async def switch(self, subject: str, mode: str) -> None:
        """Change what may be done to a subject."""
        await self._require("PUT", f"/mode/{subject}?force=true", {"mode": mode})

    async def put(self, version: Version) -> None:
        """Import a version."""
        body = {"schema": version.schema, "id": version.entry.id, "version": version.number}
        found = await self._require("POST", f"/subjects/{version.subject}/versions", body)
        if found.get("id") != version.entry.id:
            raise ConfigError(
                f"{self._url} gave {version.subject} the id {found.get('id')} instead of {version.entry.id}: it does "
                "not import ids, so it cannot hold the hub's schemas."
            )

    async def _require(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        status, found = await self._ask(method, path, body)
        if status != HTTPStatus.OK:
            raise self._refused(path, status, found)
        return found

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        try:
            async with self._session.request(method, self._url + path, json=body) as response:
                found = await response.json(content_type=None)
                return response.status, found if isinstance(found, dict) else {}
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            why = str(error) or type(error).__name__
            raise ConfigError(f"The schema registry at {self._url} does not answer as one ({why}).") from error

    def _refused(self, path: str, status: int, found: dict[str, Any]) -> ConfigError:
        return ConfigError(f"The schema registry refused {self._url}{path}: {status}, {found.get('message', '')}.")

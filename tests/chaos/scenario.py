"""What a chaos run needs to know of the agents it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from random import Random
from typing import Any, Protocol

from hub.runtime.spec import AgentSpec, Record
from hub.topics import Topic
from tests.chaos.verdict import Verdict

Records = Mapping[str, Sequence[Record]]
"""The committed records of every topic."""


class Load(Protocol):
    """The world outside: sends what the agents live on."""

    async def backlog(self) -> None:
        """What waits when the first worker starts."""

    async def play(self, seconds: float) -> None:
        """Send for so long."""

    async def react(self, records: Sequence[Record]) -> None:
        """Answer what was committed just now."""

    def settled(self, records: Records) -> bool:
        """Whether nothing more will come, once all is applied."""

    def left(self) -> str:
        """What is still to come, in words."""


class Scenario(Protocol):
    """Agents, what they live on, and what must become of it."""

    @property
    def name(self) -> str:
        """What the workers are told to run."""

    @property
    def agents(self) -> Sequence[AgentSpec[Any]]:
        """Whose topics and stores are examined."""

    @property
    def topics(self) -> Sequence[Topic]:
        """Every topic they touch."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Settings of the workers."""

    def load(self, bootstrap: str, partitions: int, random: Random) -> AbstractAsyncContextManager[Load]:
        """The load, connected."""

    def examine(self, records: Records, partitions: int) -> Verdict:
        """Hold every output and state against the inputs."""

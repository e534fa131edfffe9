"""Every error the hub raises on purpose.

HubError
├── ConfigError          a setting, rule file or schema directory is wrong
├── BrokerError          Kafka cannot be reached, started or stopped
├── TopicError           a topic is missing or declared otherwise
├── CodecError           bytes that are not a known message, or a message that does not fit its schema
├── RecoveryError        a partition's state cannot be rebuilt
├── HandlerError         the handler raised: a bug; names agent, topic, partition and offset
└── InvariantError       the domain contradicts itself: a bug; names the order

Business refusals are values (`hub.domain.decision.Decision`), never exceptions.
"""

from __future__ import annotations


class HubError(Exception):
    """Base of every error the hub raises on purpose; the message is one sentence with the remedy."""


class ConfigError(HubError):
    """A setting, a rule file or the schema directory is wrong."""


class BrokerError(HubError):
    """Kafka cannot be reached, started or stopped."""


class TopicError(HubError):
    """A topic is missing, or exists with other settings than declared."""


class CodecError(HubError):
    """Bytes that are not a known message.

    `reason` is a stable machine-readable code (`truncated`, `unknown-schema`, ...); the text is for a person.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class RecoveryError(HubError):
    """A partition's state cannot be rebuilt from its changelog."""


class HandlerError(HubError):
    """The handler raised on a record: a bug. The transaction is aborted and the process ends."""


class InvariantError(HubError):
    """The domain contradicts itself: a bug. The message names the order and what does not add up."""

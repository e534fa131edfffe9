"""Logging of a worker: one event a line on standard error, readable on a terminal, JSON elsewhere."""

from __future__ import annotations

import logging
import sys
import time

import structlog

_REPEAT_SECONDS = 10.0


class Seldom(logging.Filter):
    """Lets each kind of message pass once in so many seconds.

    For the libraries: while no broker answers, aiokafka's clients report hundreds of failures a second.
    """

    def __init__(self, seconds: float = _REPEAT_SECONDS) -> None:
        super().__init__()
        self._seconds = seconds
        self._passed: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message of its logger and format did not pass just now."""
        kind = (record.name, str(record.msg))
        now = time.monotonic()
        if now - self._passed.get(kind, -self._seconds) < self._seconds:
            return False
        self._passed[kind] = now
        return True


def configure(level: str) -> None:
    """Set up structlog, and the libraries' own loggers at warning and above."""
    terminal = sys.stderr.isatty()
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    libraries = logging.StreamHandler(sys.stderr)
    libraries.addFilter(Seldom())
    logging.basicConfig(level=logging.WARNING, handlers=[libraries], format="%(levelname)s %(name)s: %(message)s")
    # aiokafka reports every retry as an error; what matters reaches the worker as an exception.
    logging.getLogger("aiokafka").setLevel(max(number, logging.ERROR))
    for noisy in ("faust", "mode"):
        logging.getLogger(noisy).setLevel(logging.ERROR)

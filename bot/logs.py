"""One line per event, as JSON or readable text, with ids to follow a turn through; personal data is masked."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

from bot.outward import without_numbers

_PLAIN = frozenset({"event", "level", "timestamp", "logger", "key", "turn", "decision", "model"})
"""Fields that hold ids or fixed words, never what people said."""


class _Stderr(io.StringIO):
    """Standard error as it is at the time of writing: loggers are kept, the stream may be replaced (by a test runner)."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(form: Literal["json", "text"]) -> None:
    """Call once per process, before anything logs. Everything goes to stderr; stdout belongs to answers."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,  # before masking: an error may quote what somebody wrote
        masked,
    ]
    if form == "json":
        last: list[Any] = [structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(_Stderr()),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Names, phones, addresses and numbers of people do not reach the log."""
    for name, value in event.items():
        if name not in _PLAIN:
            event[name] = without_numbers(value)
    return event

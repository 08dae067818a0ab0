"""Logs: one JSON line for each fact, also of our libraries, with the same keys and no payloads."""

import logging
import re
import sys
import traceback
from typing import Any

import structlog
from structlog.types import EventDict, Processor

from shared.process.settings import LogSettings
from shared.process.telemetry import of_request

# Exceptions of our libraries quote the values that they complain about: those are personal data, or a customer's prices.
_VALUES = (
    (re.compile(r"^DETAIL: .*?(?=^HINT: |^$|\Z)", re.MULTILINE | re.DOTALL), "DETAIL: (not logged)\n"),  # Postgres
    (re.compile(r"(query argument \$\d+: ).*?(?= \(|$)", re.MULTILINE), r"\1..."),  # asyncpg
    (re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL), "input_value=..."),  # pydantic
)


def configure_logging(settings: LogSettings, service: str) -> None:
    """Send everything to standard error. `service` names who speaks where a line does not say so itself."""

    def stamped(_: Any, __: str, entry: EventDict) -> EventDict:
        entry.setdefault("service", service)
        entry["version"] = settings.version
        return entry

    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        of_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        stamped,
    ]
    last: list[Processor] = [
        structlog.processors.ExceptionRenderer(_traceback),
        without_values,
        structlog.dev.ConsoleRenderer() if settings.log_format == "console" else structlog.processors.JSONRenderer(),
    ]
    level = getattr(logging, settings.log_level.upper())
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    theirs = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*first, structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(theirs)
    logging.basicConfig(level=max(logging.WARNING, level), handlers=[handler], force=True)
    logging.captureWarnings(True)
    # An outage is one line of ours; the pool would add a traceback for each of its attempts.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


def without_values(_: Any, __: str, entry: EventDict) -> EventDict:
    """What an exception says, without the values that it quotes."""
    for key in ("exception", "error"):
        if isinstance(entry.get(key), str):
            for pattern, instead in _VALUES:
                entry[key] = pattern.sub(instead, entry[key])
    return entry


def _traceback(exc_info: Any) -> str:
    return "".join(traceback.format_exception(*exc_info)).rstrip()

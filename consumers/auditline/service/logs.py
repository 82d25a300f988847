"""Structured logs on stderr: JSON lines for machines, coloured text on a terminal."""

import logging
import sys
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import Processor

from auditline.service.redaction import redact
from auditline.service.settings import Format, Level


def configure_logging(
    format: Format = "auto", level: Level = "info", stream: TextIO | None = None
) -> None:
    """Send all logs of this process, structlog's and the standard library's, to *stream* (stderr).

    May be called again: the last call counts.
    """
    out = sys.stderr if stream is None else stream
    json = format == "json" or (format == "auto" and not out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # module-level loggers may be used before this call
    )


def _common() -> list[Processor]:
    """What every record gets, whoever logs it."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # As text, not as a structure: that would show local variables, and so secrets.
        structlog.processors.format_exc_info,
    ]


def _formatter(json: bool) -> logging.Formatter:
    render: Processor = (
        structlog.processors.JSONRenderer(serializer=_dumps)
        if json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_common(), structlog.stdlib.PositionalArgumentsFormatter()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact,  # last, so that it sees tracebacks too
            render,
        ],
    )


def _dumps(event: dict[str, Any], **_: Any) -> str:
    # What is not JSON is shown as text, rather than losing the whole line.
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()

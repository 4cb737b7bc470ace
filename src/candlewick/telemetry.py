"""Logs: one pipeline for our events and those of the libraries, with a trace id, without secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, TextIO
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from candlewick.redaction import redact, redact_text
from candlewick.settings.kinds import LogFormat, LogLevel

TRACE_ID: Final = "trace_id"

_ASKED_OFTEN: Final = frozenset({"/healthz", "/readyz", "/metrics"})

_LIBRARY_LEVELS: Final = {
    # What these say at "info" is noise to us: each statement, each poll, each start of a server that we log ourselves.
    "alembic": logging.WARNING,
    "arq": logging.WARNING,
    "asyncio": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "sqlalchemy.engine": logging.WARNING,
    "sqlalchemy.pool": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    "websockets": logging.WARNING,
}


def configure_logging(level: LogLevel, style: LogFormat | None = None, stream: TextIO | None = None) -> None:
    """Send every event from `level` on to `stream` (stderr), as `style` says; None: for people on a terminal."""
    on_terminal = (stream or sys.stderr).isatty()
    style = style or (LogFormat.CONSOLE if on_terminal else LogFormat.JSON)
    structlog.configure(
        processors=[
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream) if stream else _Stderr()
    formatter = _JsonFormatter if style is LogFormat.JSON else structlog.stdlib.ProcessorFormatter
    handler.setFormatter(
        formatter(
            pass_foreign_args=True,
            foreign_pre_chain=[_access_fields, *_shared_processors()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _redacted,
                *_renderers(style, colours=on_terminal),
            ],
        )
    )
    _install(handler, getattr(logging, level.upper()))


class _JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """Writes access lines, of which there is one a request, without the pipeline: with its fields, and redacted."""

    def format(self, record: logging.LogRecord) -> str:
        found = _access_of(record.name, record.args)
        if found is None or record.exc_info or record.stack_info:
            return super().format(record)
        return _json(
            {
                **found,
                "method": redact_text(found["method"]),
                "path": redact_text(found["path"]),
                **redact(structlog.contextvars.get_contextvars()),
                "level": record.levelname.lower(),
                "logger": record.name,
                "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            }
        )


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what sys.stderr is at that moment: progress bars take its place while they are drawn."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _install(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in _LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(level if level <= logging.DEBUG else max(level, least))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    logging.getLogger("uvicorn.access").filters[:] = [_worth_a_line]
    logging.captureWarnings(True)


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _renderers(style: LogFormat, *, colours: bool) -> list[Processor]:
    if style is LogFormat.JSON:
        return [structlog.processors.JSONRenderer(serializer=_json)]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)]


def _json(event: EventDict, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last word before an event is written: nothing secret leaves."""
    return {name: redact(value, name) for name, value in event.items()}


def _access_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """uvicorn's access line as fields."""
    event.update(_access_of(event["_record"].name, event.pop("positional_args", None)) or {})
    return event


def _access_of(logger: str, arguments: object) -> dict[str, Any] | None:
    """The fields of uvicorn's access line; None of any other.

    The query string stays out: GraphQL over GET carries its variables there.
    """
    match arguments, logger:
        case (client, method, target, _version, status), "uvicorn.access":
            path = urlsplit(str(target)).path
            return {"event": "http_request", "client": client, "method": str(method), "path": path, "status": status}
    return None


def _worth_a_line(record: logging.LogRecord) -> bool:
    """Not what asks every few seconds and hears that all is well."""
    match record.args:
        case (_, _, str(target), _, 200):
            return target not in _ASKED_OFTEN
    return True


@contextmanager
def traced(trace_id: str | None = None, **fields: Any) -> Iterator[str]:
    """Give every event within the block one trace id (a new one if none came from outside), and `fields`."""
    chosen = trace_id or uuid4().hex
    with structlog.contextvars.bound_contextvars(**{TRACE_ID: chosen}, **fields):
        yield chosen


def current_trace_id() -> str | None:
    """The trace id of what runs right now."""
    found: str | None = structlog.contextvars.get_contextvars().get(TRACE_ID)
    return found

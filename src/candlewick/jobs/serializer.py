"""Jobs and their results as JSON: readable, and nothing in Redis can run code here, as a pickle could."""

from __future__ import annotations

from typing import Any

import orjson

from candlewick.redaction import redact_text


def dump_job(job: dict[str, Any]) -> bytes:
    """A job or a result. An exception is kept as its name and message."""
    return orjson.dumps(job, default=_described)


def load_job(data: bytes) -> dict[str, Any]:
    """What `dump_job` wrote."""
    job: dict[str, Any] = orjson.loads(data)
    return job


def _described(value: object) -> object:
    if isinstance(value, BaseException):
        return {"error": type(value).__name__, "message": redact_text(str(value))}
    raise TypeError  # orjson names the type

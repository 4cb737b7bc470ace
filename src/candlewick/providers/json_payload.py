"""Payloads that are JSON, decoded. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.providers import exact_json

type Decoder = Callable[[bytes], Any]
"""It raises a ValueError that says why bytes are no JSON."""


def document(payload: Payload, decode: Decoder = exact_json.loads) -> Any:
    """The payload, decoded; numbers keep their digits, unless `decode` reads them otherwise.

    Raises:
        MalformedPayload: it is no JSON.
    """
    return decoded(payload, payload.body, decode)


def decoded(payload: Payload, body: bytes, decode: Decoder = exact_json.loads) -> Any:
    """The same of a part of it."""
    try:
        return decode(body)
    except ValueError as exc:
        raise MalformedPayload(payload.source, payload.endpoint, f"it is no JSON: {exc}") from exc


def object_of(payload: Payload, decode: Decoder = exact_json.loads) -> dict[str, Any]:
    """The object that a payload is. Raises MalformedPayload: it is none."""
    found = document(payload, decode)
    if not isinstance(found, dict):
        raise MalformedPayload(payload.source, payload.endpoint, "it is no object")
    return found


def rows_of(payload: Payload) -> list[Any]:
    """The elements of the list that a payload is. Raises MalformedPayload: it is none."""
    found = document(payload)
    if not isinstance(found, list):
        raise MalformedPayload(payload.source, payload.endpoint, "it is no list")
    return found

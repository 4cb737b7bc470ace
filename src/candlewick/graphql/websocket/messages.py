"""The messages of graphql-transport-ws (github.com/enisdenjo/graphql-ws, PROTOCOL.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from candlewick.graphql.parameters import InvalidParameters, Parameters

_LONGEST_ID: Final = 128


class InvalidMessage(Exception):
    """What came is no message of the protocol."""


@dataclass(frozen=True, slots=True)
class ConnectionInit:
    """The first message: who asks."""

    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ping:
    """Wants a pong."""


@dataclass(frozen=True, slots=True)
class Pong:
    """Wants nothing."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Run an operation, of any kind; answers carry the id."""

    id: str
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Complete:
    """No more of the operation."""

    id: str


type ClientMessage = ConnectionInit | Ping | Pong | Subscribe | Complete


def parse(text: str) -> ClientMessage:
    """Read a client's message.

    Raises:
        InvalidMessage: what is wrong with it.
    """
    try:
        raw = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise InvalidMessage("it is no JSON") from exc
    if not isinstance(raw, dict):
        raise InvalidMessage("it is no JSON object")
    match raw.get("type"):
        case "connection_init":
            return ConnectionInit(_object(raw))
        case "ping":
            _object(raw)
            return Ping()
        case "pong":
            _object(raw)
            return Pong()
        case "subscribe":
            return Subscribe(_id(raw), _parameters(raw))
        case "complete":
            return Complete(_id(raw))
        case _:
            raise InvalidMessage("its `type` is unknown")


def _object(raw: dict[str, Any]) -> dict[str, Any]:
    payload = raw.get("payload")
    if not isinstance(payload, dict | None):
        raise InvalidMessage("its `payload` is no JSON object")
    return payload or {}


def _id(raw: dict[str, Any]) -> str:
    found = raw.get("id")
    if not isinstance(found, str) or not 1 <= len(found) <= _LONGEST_ID:
        raise InvalidMessage(f"its `id` is no text of 1 to {_LONGEST_ID} characters")
    return found


def _parameters(raw: dict[str, Any]) -> Parameters:
    if not isinstance(raw.get("payload"), dict):
        raise InvalidMessage("its `payload` is no JSON object")
    try:
        return Parameters.of(raw["payload"])
    except InvalidParameters as exc:
        raise InvalidMessage(str(exc)) from exc

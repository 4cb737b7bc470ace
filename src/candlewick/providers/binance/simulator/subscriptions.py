"""Messages that a client sends over its socket, and Binance's answers.

Source: binance-spot-api-docs, web-socket-streams.md, "Live Subscribing/Unsubscribing to streams".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from candlewick.domain.errors import InvalidInput

_LONGEST_ID: Final = 36


class Method(StrEnum):
    """What a client can ask for."""

    SUBSCRIBE = "SUBSCRIBE"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    LIST_SUBSCRIPTIONS = "LIST_SUBSCRIPTIONS"
    SET_PROPERTY = "SET_PROPERTY"
    GET_PROPERTY = "GET_PROPERTY"


class InvalidMessage(InvalidInput):
    """A message that is answered with an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message

    def answer(self) -> str:
        return orjson.dumps({"code": self.code, "msg": self.message}).decode()


@dataclass(frozen=True, slots=True)
class Message:
    """A request over the socket."""

    method: Method
    parameters: list[Any]
    id: int | str | None

    def answer(self, result: Any) -> str:
        return orjson.dumps({"result": result, "id": self.id}).decode()


def read_message(text: str) -> Message:
    """The request in a text frame.

    Raises:
        InvalidMessage: it is none.
    """
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise InvalidMessage(3, f"Invalid JSON: expected value at line {exc.lineno} column {exc.colno}") from exc
    if not isinstance(given, dict) or "method" not in given:
        raise InvalidMessage(2, f"Invalid request: missing field `method` at line 1 column {len(text)}")
    if not isinstance(given["method"], str) or given["method"] not in {*Method}:
        known = ", ".join(f"`{method}`" for method in Method)
        raise InvalidMessage(
            2, f"Invalid request: unknown variant `{given['method']}`, expected one of {known} at line 1 column 28"
        )
    if "id" not in given or not _is_id(given["id"]):
        raise InvalidMessage(2, "Invalid request: request ID must be an unsigned integer")
    return Message(Method(given["method"]), _parameters(given), given["id"])


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return value.isalnum() and len(value) <= _LONGEST_ID
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _parameters(given: dict[str, Any]) -> list[Any]:
    """The parameters that fit the method."""
    parameters = given.get("params", [])
    match Method(given["method"]):
        case Method.LIST_SUBSCRIPTIONS:
            if parameters:
                raise InvalidMessage(2, "Invalid request: too many parameters")
            return []
        case Method.SUBSCRIBE | Method.UNSUBSCRIBE:
            if not isinstance(parameters, list) or not all(isinstance(stream, str) for stream in parameters):
                raise InvalidMessage(2, "Invalid request: stream names must be strings")
            return parameters
        case Method.SET_PROPERTY | Method.GET_PROPERTY:
            _check_property(given["method"], parameters)
            return list(parameters)


def _check_property(method: str, parameters: Any) -> None:
    if not isinstance(parameters, list) or not parameters or not isinstance(parameters[0], str):
        raise InvalidMessage(2, "Invalid request: property name must be a string")
    if parameters[0] != "combined":
        raise InvalidMessage(0, "Unknown property")
    if len(parameters) > (2 if method == Method.SET_PROPERTY else 1):
        raise InvalidMessage(2, "Invalid request: too many parameters")
    if method == Method.SET_PROPERTY and not isinstance(parameters[-1], bool):
        raise InvalidMessage(1, "Invalid value type: expected Boolean")

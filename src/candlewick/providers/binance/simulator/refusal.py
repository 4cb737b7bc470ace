"""What Binance says when it refuses a request. Source: binance-spot-api-docs, errors.md."""

from __future__ import annotations

from typing import Final

import orjson
from starlette.responses import Response

from candlewick.domain.errors import InvalidInput
from candlewick.providers.simulation.faults import Fault

JSON: Final = "application/json;charset=UTF-8"
TOO_MANY_REQUESTS: Final = -1003
_UNKNOWN: Final = -1000


class Refusal(InvalidInput):
    """A request that cannot be answered: its code and message go to the client, word for word."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status

    def response(self) -> Response:
        return said(self.status, self.code, self.message)


class BinanceWording:
    """See `Wording`."""

    def refused(self, fault: Fault, status: int, wait: int) -> Response:
        if fault is Fault.SERVER_ERROR:
            return said(status, _UNKNOWN, "An unknown error occurred while processing the request.")
        limited = 418 if fault is Fault.BANNED else 429
        return said(limited, TOO_MANY_REQUESTS, "Too much request weight used.", {"Retry-After": str(wait)})


def said(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """An error as Binance answers it."""
    return Response(orjson.dumps({"code": code, "msg": message}), status, headers, JSON)


def illegal_characters(name: str, pattern: str) -> Refusal:
    return Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'.")


def duplicate_values(name: str) -> Refusal:
    return Refusal(-1101, f"Duplicate values for parameter '{name}' detected.")


def missing(name: str) -> Refusal:
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def unread(read: int, sent: int) -> Refusal:
    return Refusal(-1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.")


def empty(name: str) -> Refusal:
    return Refusal(-1105, f"Parameter '{name}' was empty.")


def invalid_interval() -> Refusal:
    return Refusal(-1120, "Invalid interval.")


def invalid_symbol() -> Refusal:
    return Refusal(-1121, "Invalid symbol.")


def invalid_symbol_status() -> Refusal:
    return Refusal(-1122, "Invalid symbolStatus.")


def bad_combination() -> Refusal:
    return Refusal(-1128, "Combination of optional parameters invalid.")


def invalid_value(name: str) -> Refusal:
    return Refusal(-1130, f"Data sent for parameter '{name}' is not valid.")

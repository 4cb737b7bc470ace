"""What Binance says when it refuses a request. Source: binance-spot-api-docs, errors.md."""

from __future__ import annotations

from candlewick.domain.errors import InvalidInput

TOO_MANY_REQUESTS = -1003


class Refusal(InvalidInput):
    """A request that cannot be answered: its code and message go to the client, word for word."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


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

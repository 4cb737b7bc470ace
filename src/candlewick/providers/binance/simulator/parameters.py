"""Parameters of a REST request, checked as Binance checks them.

Source: binance-spot-api-docs, rest-api.md "General Information on Endpoints" and "Timing security", errors.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import orjson
from starlette.requests import Request

from candlewick.providers.binance.simulator import refusal
from candlewick.providers.binance.simulator.wire import TimeUnit

_INTEGER: Final = r"^[0-9]{1,20}$"
_SYMBOL: Final = r"^[\w\-._&&[^a-z]]{1,50}$"
"""In Java's notation, as Binance's message has it; `_symbol_fits` says the same."""
_DEFAULT_LIMIT: Final = 500
_HIGHEST_LIMIT: Final = 1_000
_LEAST_MICROSECONDS: Final = 10**14
"""Times from here on are microseconds: as milliseconds they would lie beyond the year 5000."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """A request's parameters by name, none twice, none that the endpoint does not have."""

    given: dict[str, str]

    @classmethod
    def of(cls, request: Request, known: Collection[str]) -> Parameters:
        """Read them.

        Raises:
            Refusal: one is unknown, empty or there twice.
        """
        given: dict[str, str] = {}
        for name, value in request.query_params.multi_items():
            if name in given:
                raise refusal.duplicate_values(name)
            given[name] = value
        if not given.keys() <= set(known):
            raise refusal.unread(len(given.keys() & set(known)), len(given))
        for name, value in given.items():
            if not value:
                raise refusal.empty(name)
        return cls(given)

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def symbol(self) -> str:
        """The symbol, which has to be there."""
        if "symbol" not in self.given:
            raise refusal.missing("symbol")
        return _checked_symbol("symbol", self.given["symbol"])

    def symbols(self) -> list[str]:
        """The names in `symbols`: a JSON array."""
        try:
            names = orjson.loads(self.given["symbols"])
        except orjson.JSONDecodeError as exc:
            raise refusal.invalid_value("symbols") from exc
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise refusal.invalid_value("symbols")
        return [_checked_symbol("symbols", name) for name in names]

    def text(self, name: str) -> str:
        """A parameter that has to be there."""
        if name not in self.given:
            raise refusal.missing(name)
        return self.given[name]

    def number(self, name: str) -> int | None:
        """A whole number, if it is there."""
        text = self.given.get(name)
        if text is None:
            return None
        if re.fullmatch(_INTEGER, text, re.ASCII) is None:
            raise refusal.illegal_characters(name, _INTEGER)
        return int(text)

    def limit(self) -> int:
        """How many rows; more than there may be is as many as there may be."""
        limit = self.number("limit")
        if limit == 0:
            raise refusal.invalid_value("limit")
        return min(limit or _DEFAULT_LIMIT, _HIGHEST_LIMIT)

    def start_time(self) -> int | None:
        """`startTime`, inclusive, in microseconds."""
        value = self.number("startTime")
        return value if value is None or value >= _LEAST_MICROSECONDS else value * 1000

    def end_time(self) -> int | None:
        """The last microsecond that `endTime`, inclusive, allows: a millisecond has a thousand of them."""
        value = self.number("endTime")
        return value if value is None or value >= _LEAST_MICROSECONDS else value * 1000 + 999


def time_unit(text: str | None) -> TimeUnit:
    """The unit in a header or a query; without one, milliseconds.

    Raises:
        Refusal: it is neither of the two.
    """
    if text is None:
        return TimeUnit.MILLISECOND
    if text not in {name for unit in TimeUnit for name in (unit.value, unit.value.lower())}:
        raise refusal.invalid_value("timeUnit")
    return TimeUnit(text.upper())


def _checked_symbol(name: str, text: str) -> str:
    if re.fullmatch(r"(?:[^\Wa-z]|[-.]){1,50}", text) is None:
        raise refusal.illegal_characters(name, _SYMBOL)
    return text

"""Quotes: what a price was observed to be, without an execution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import InvalidQuote
from candlewick.domain.time import utc

_SIGNED: Final = frozenset({"change_24h"})


@dataclass(frozen=True, slots=True)
class Quote:
    """One observation of an instrument by a source. What the source does not say is None; something it must say.

    `ts` is the source's clock. `price`, `bid`, `ask` and `market_cap` are in the quote asset; `volume_24h` is what was
    traded in 24 hours, in the quote asset as well; `change_24h` is the price's change over 24 hours in percent.
    """

    ts: datetime
    price: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    market_cap: Decimal | None = None
    volume_24h: Decimal | None = None
    change_24h: Decimal | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "ts", utc(self.ts))
        figures = {field.name: getattr(self, field.name) for field in fields(self)[1:]}
        if all(figure is None for figure in figures.values()):
            raise InvalidQuote(self.ts, "it says nothing")
        for name, figure in figures.items():
            if figure is None:
                continue
            if not figure.is_finite():
                raise InvalidQuote(self.ts, f"{name} {figure} is no number")
            if name in {"price", "bid", "ask"} and figure <= 0:
                raise InvalidQuote(self.ts, f"{name} {figure} is not above zero")
            if name not in _SIGNED and figure < 0:
                raise InvalidQuote(self.ts, f"{name} {figure} is below zero")


@dataclass(frozen=True, slots=True)
class QuoteLines:
    """Quotes of one instrument in a payload or a file, and its rows that are none."""

    quotes: Sequence[Quote]
    rejected: Sequence[Rejected] = ()
    last_line: int = 0
    """Of a file: the last line that was read."""


class QuoteRow(NamedTuple):
    """A quote as it is read: numbers as exact decimal text."""

    ts: datetime
    source: str
    price: str | None
    bid: str | None
    ask: str | None
    market_cap: str | None
    volume_24h: str | None
    change_24h: str | None
    received_at: datetime
    version: int
    """The commit that stored it."""

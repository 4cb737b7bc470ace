"""Candles: OHLCV over one interval of time, named by its open time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from candlewick.domain.coverage import Coverage
from candlewick.domain.errors import InvalidCandle
from candlewick.domain.time import utc


class CandleOrigin(StrEnum):
    """What a stored candle was made from."""

    TRADES = "TRADES"
    VENUE = "VENUE"
    QUOTES = "QUOTES"


class CandleStatus(StrEnum):
    """PROVISIONAL while its window is open, FINAL when it closed, REVISED if it changed after that."""

    PROVISIONAL = "PROVISIONAL"
    FINAL = "FINAL"
    REVISED = "REVISED"


@dataclass(frozen=True, slots=True)
class MinuteCandle:
    """A minute as a source published it (a venue's kline): what goes into the database beside our own from trades.

    Volumes are in base, quote volumes in quote currency; None where the source does not say.
    """

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal | None
    trade_count: int | None
    taker_buy_volume: Decimal | None
    taker_buy_quote_volume: Decimal | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "open_time", utc(self.open_time))
        if self.open_time.second or self.open_time.microsecond:
            raise InvalidCandle(self.open_time, "it does not open on a minute")
        prices = (self.open, self.high, self.low, self.close)
        if not all(price.is_finite() and price > 0 for price in prices):
            raise InvalidCandle(self.open_time, "a price is not above zero")
        if self.high != max(prices) or self.low != min(prices):
            raise InvalidCandle(self.open_time, f"high {self.high} and low {self.low} do not enclose open and close")
        volumes = (self.volume, self.quote_volume, self.taker_buy_volume, self.taker_buy_quote_volume)
        if any(volume is not None and not (volume.is_finite() and volume >= 0) for volume in volumes):
            raise InvalidCandle(self.open_time, "a volume is negative")
        if self.trade_count is not None and self.trade_count < 0:
            raise InvalidCandle(self.open_time, "the trade count is negative")


class Candle(NamedTuple):
    """A candle as it is read. Numbers are exact decimal text, as the database wrote them: no float, no rounding.

    Prices are None of a window without trades, which only a query that fills has. `volume` is None where a source
    published days without one, and where nobody knows what was traded.
    `vwap` is quote volume ÷ volume, rounded half up to 18 decimal places; None without volume.
    `version` is the instrument's data version that last changed the candle.
    """

    open_time: datetime
    close_time: datetime
    open: str | None
    high: str | None
    low: str | None
    close: str | None
    volume: str | None
    quote_volume: str | None
    vwap: str | None
    trade_count: int | None
    taker_buy_volume: str | None
    origin: CandleOrigin
    status: CandleStatus
    version: int
    coverage: Coverage | None = None
    """Only where the query asks for it. Of a PROVISIONAL candle: so far."""

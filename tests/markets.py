"""Instruments and trades for tests, and an independent computation of what their candles must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import count

from candlewick.domain.batch import TradeBatch
from candlewick.domain.candle import Candle, CandleOrigin
from candlewick.domain.interval import Duration
from candlewick.domain.market import AssetClass, Instrument, InstrumentKey, Side, Tape, Trade
from candlewick.domain.page import CandleQuery
from candlewick.ports import Delivery, Listing
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments

LATER = datetime(2026, 1, 1, tzinfo=UTC)
_NUMBER = count(1)


class FrozenClock:
    """A clock that stands still."""

    def __init__(self, moment: datetime = LATER) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


async def new_instrument(
    database: Database, tape: Tape = Tape.TRADES, prefix: str = "T", venue: str = "test"
) -> Instrument:
    """An instrument that no other test knows."""
    base = f"{prefix}{next(_NUMBER)}"
    key = InstrumentKey(venue, base, "USD")
    listing = Listing(key, f"{base}USD", tape, AssetClass.CRYPTO, AssetClass.FIAT, "Test venue")
    return await Instruments(database).list_instrument(listing)


def delivery(instrument: Instrument, trades: Iterable[Trade], received_at: datetime = LATER) -> Delivery:
    """The trades as a feed would hand them over."""
    return Delivery(instrument, instrument.tape, TradeBatch.of(list(trades)), received_at, "test")


def in_milliseconds(trade: Trade) -> Trade:
    """The same trade from a feed whose clock is coarser."""
    return replace(trade, ts=trade.ts - timedelta(microseconds=trade.ts.microsecond % 1000))


@dataclass(frozen=True, slots=True)
class Expected:
    """A candle as plain `Decimal` arithmetic has it."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    vwap: Decimal
    trade_count: int
    taker_buy_volume: Decimal


_EXACT = Context(prec=400)
_PLACES = Decimal(1).scaleb(-18)


def expected_candles(trades: Iterable[Trade], duration: Duration) -> list[Expected]:
    """Candles by definition: group, order by sequence, add up."""
    buckets: dict[datetime, list[Trade]] = {}
    for trade in trades:
        buckets.setdefault(duration.floor(trade.ts), []).append(trade)
    return [_expected(open_time, sorted(buckets[open_time], key=_order)) for open_time in sorted(buckets)]


def expected_by(trades: Iterable[Trade], bucket: Callable[[datetime], object]) -> list[Expected]:
    """The same by any division of time, in order; what has no bucket is left out. Their open time is a trade's."""
    buckets: dict[object, list[Trade]] = {}
    for trade in trades:
        if (key := bucket(trade.ts)) is not None:
            buckets.setdefault(key, []).append(trade)
    found = [sorted(each, key=_order) for each in buckets.values()]
    return sorted((_expected(each[0].ts, each) for each in found), key=lambda candle: candle.open_time)


def _order(trade: Trade) -> tuple[datetime, int]:
    """Minutes in the order of time, trades within one by sequence."""
    return trade.ts.replace(second=0, microsecond=0), trade.sequence


def _expected(open_time: datetime, trades: list[Trade]) -> Expected:
    volume = _sum(trade.size for trade in trades)
    quote_volume = _sum(_EXACT.multiply(trade.price, trade.size) for trade in trades)
    return Expected(
        open_time,
        trades[0].price,
        max(trade.price for trade in trades),
        min(trade.price for trade in trades),
        trades[-1].price,
        volume,
        quote_volume,
        _EXACT.divide(quote_volume, volume).quantize(_PLACES, ROUND_HALF_UP, _EXACT),
        len(trades),
        _sum(trade.size for trade in trades if trade.side is Side.BUY),
    )


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = _EXACT.add(total, value)
    return total


def as_expected(candle: Candle) -> Expected:
    """What was read, as numbers."""
    assert candle.open is not None
    assert candle.high is not None
    assert candle.low is not None
    assert candle.close is not None
    assert candle.volume is not None
    assert candle.quote_volume is not None
    assert candle.vwap is not None
    assert candle.trade_count is not None
    assert candle.taker_buy_volume is not None
    return Expected(
        candle.open_time,
        Decimal(candle.open),
        Decimal(candle.high),
        Decimal(candle.low),
        Decimal(candle.close),
        Decimal(candle.volume),
        Decimal(candle.quote_volume),
        Decimal(candle.vwap),
        candle.trade_count,
        Decimal(candle.taker_buy_volume),
    )


async def read_all(
    database: Database, instrument: Instrument, duration: Duration, origin: CandleOrigin | None = CandleOrigin.TRADES
) -> list[Candle]:
    """All candles of a width there are, whatever page they are on."""
    candles = Candles(database, FrozenClock())
    page = await candles.read([instrument.id], CandleQuery(duration, limit=3000, origin=origin))
    assert not page[instrument.id].more
    return list(page[instrument.id].rows)

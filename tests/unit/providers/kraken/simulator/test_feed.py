"""What the channels of a simulated pair bring, step by step."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from candlewick.domain.batch import TradeBatch
from candlewick.domain.time import microseconds
from candlewick.ports import Frame
from candlewick.providers.exact_json import loads, written
from candlewick.providers.kraken import frames
from candlewick.providers.kraken.simulator.feed import HEARTBEAT, OHLC, TICKER, TRADE, KrakenFeed, Parcels
from candlewick.providers.kraken.simulator.options import SimulatorOptions
from candlewick.providers.simulation.exchange import Exchange
from candlewick.providers.simulation.faults import Faults
from markets import FrozenClock
from simulated import NOW
from unit.providers.kraken.simulator.venue import MARKET

NOTHING = TradeBatch.of([])


class Pair:
    """BTC/USD's writer on a clock that is moved by hand."""

    def __init__(self) -> None:
        faults = Faults(1)
        self.clock = FrozenClock(NOW)
        self.exchange = Exchange([MARKET], self.clock, faults.gone, faults.skew)
        self.symbol = self.exchange.symbol("BTC/USD")
        self.writer = KrakenFeed(self.exchange, SimulatorOptions(batch=20)).writer(self.symbol, microseconds(NOW))

    def newest(self, count: int) -> TradeBatch:
        return self.exchange.up_to_number(self.symbol, self.exchange.last(self.symbol), count)

    def after(self, seconds: float, batch: TradeBatch, *kinds: str) -> list[Parcels]:
        self.clock.moment += timedelta(seconds=seconds)
        return self.writer.parcels(batch, kinds)


def said(parcels: list[Parcels]) -> list[Any]:
    return [loads(text.encode()) for parcel in parcels for text in parcel.frames(None)]


def test_trades_come_in_messages_of_some_and_are_the_market_s_own() -> None:
    pair = Pair()
    batch = pair.newest(45)
    (parcel,) = pair.after(0.02, batch, TRADE)
    texts = parcel.frames(None)

    assert [len(parcel.carried(messages)) for messages in range(4)] == [0, 20, 40, 45]
    found = frames.read([Frame(text.encode(), NOW) for text in texts])["BTC/USD"]
    assert found.trades.trades() == batch.trades()


def test_a_sign_of_life_comes_when_nothing_else_was_said_for_a_second() -> None:
    pair = Pair()

    assert pair.after(0.5, NOTHING, TRADE, HEARTBEAT) == []
    assert said(pair.after(0.5, NOTHING, TRADE, HEARTBEAT)) == [{"channel": "heartbeat"}]
    assert pair.after(0.9, NOTHING, TRADE, HEARTBEAT) == []
    assert len(pair.after(0.05, pair.newest(1), TRADE, HEARTBEAT)) == 1
    assert pair.after(0.9, NOTHING, TRADE, HEARTBEAT) == []


def test_nobody_who_does_not_listen_is_written_to() -> None:
    pair = Pair()

    assert pair.after(5, pair.newest(3)) == []


def test_a_ticker_is_a_quote_once_a_second() -> None:
    pair = Pair()
    parcels = pair.after(1, pair.newest(3), TICKER)
    (text,) = parcels[0].frames(None)

    (quote,) = frames.quotes([Frame(text.encode(), NOW + timedelta(seconds=1))])["BTC/USD"].quotes
    assert quote.price == pair.newest(1).trades()[0].price
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.ask - quote.bid == Decimal("0.2")
    assert pair.after(0.5, pair.newest(3), TICKER) == []


def test_the_running_candle_comes_once_a_second() -> None:
    pair = Pair()
    (message,) = said(pair.after(0, pair.newest(3), OHLC))

    assert (message["channel"], message["data"][0]["interval_begin"]) == ("ohlc", "2025-03-05T14:30:00.000000000Z")
    assert pair.after(0.5, pair.newest(3), OHLC) == []


def test_the_end_is_announced_as_maintenance() -> None:
    pair = Pair()
    (message,) = said([KrakenFeed(pair.exchange, SimulatorOptions()).farewell()])

    assert message["data"][0]["system"] == "maintenance"
    assert frames.read([Frame(written(message).encode(), NOW)]) == {}

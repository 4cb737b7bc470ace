"""The emitter, step by step on a clock of ours: who gets what, and candles that close once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from candlewick.providers.binance.simulator import SimulatorOptions
from candlewick.providers.binance.simulator.parcels import BinanceFeed, Form
from candlewick.providers.binance.simulator.wire import TimeUnit
from candlewick.providers.simulation.emitter import Emitter
from candlewick.providers.simulation.exchange import Exchange
from candlewick.providers.simulation.faults import Faults
from candlewick.providers.simulation.parcels import Parcel
from markets import FrozenClock
from simulated import NOW, load_market


class Ear:
    """A Listener that keeps what it is offered."""

    target = "/ws"

    def __init__(self) -> None:
        self.parcels: list[Parcel[Form]] = []

    def offer(self, parcel: Parcel[Form]) -> None:
        self.parcels.append(parcel)

    def end(self, code: int, reason: str) -> None:
        raise AssertionError(f"{code} {reason}")

    def heard(self) -> list[dict[str, Any]]:
        return [
            json.loads(text)
            for parcel in self.parcels
            for text in parcel.frames(Form(TimeUnit.MILLISECOND, is_combined=False))
        ]


class Steps:
    """An emitter of ten trades a second."""

    def __init__(self) -> None:
        self.clock = FrozenClock(NOW)
        faults = Faults(seed=1)
        exchange = Exchange([load_market(rate=10, bases=("BTC", "ETH"))], self.clock, faults.gone, faults.skew)
        options = SimulatorOptions()
        self.emitter = Emitter(exchange, faults, options, BinanceFeed(exchange, options))

    def listener(self, *streams: str) -> Ear:
        ear = Ear()
        for stream in streams:
            self.emitter.subscribe(ear, stream)
        return ear

    def go(self, seconds: float, steps: int = 1) -> None:
        for _ in range(steps):
            self.clock.moment += timedelta(seconds=seconds)
            self.emitter.hand_out(self.emitter.step())


def test_a_listener_gets_what_it_subscribed_to_from_then_on() -> None:
    steps = Steps()
    early = steps.listener("btcusdt@trade")
    steps.go(1)
    late = steps.listener("btcusdt@trade", "ethusdt@aggTrade")
    steps.go(1)

    assert [message["e"] for message in early.heard()] == ["trade"] * 20
    assert [message["e"] for message in late.heard()] == ["trade"] * 10 + ["aggTrade"] * 10


def test_all_get_the_same_messages_written_once() -> None:
    steps = Steps()
    one, other = steps.listener("btcusdt@trade"), steps.listener("btcusdt@trade")
    steps.go(1)

    first, second = (ear.parcels[0].frames(Form(TimeUnit.MILLISECOND, is_combined=True)) for ear in (one, other))
    assert first is second


def test_who_unsubscribed_gets_nothing_more() -> None:
    steps = Steps()
    ear = steps.listener("btcusdt@trade")
    steps.emitter.unsubscribe(ear, "btcusdt@trade")
    steps.go(1)

    assert ear.parcels == []


def test_who_comes_back_does_not_get_what_was_meanwhile() -> None:
    steps = Steps()
    ear = steps.listener("btcusdt@trade")
    steps.emitter.leave(ear)
    steps.go(60)
    again = steps.listener("btcusdt@trade")
    steps.go(1)

    assert len(again.heard()) == 10


def test_who_comes_back_before_anybody_looked_does_not_get_what_was_meanwhile_either() -> None:
    steps = Steps()
    ear = steps.listener("btcusdt@trade")
    steps.go(1)
    steps.emitter.leave(ear)
    steps.clock.moment += timedelta(seconds=60)  # nobody listens: no step is made
    again = steps.listener("btcusdt@trade")
    steps.go(1)

    assert len(again.heard()) == 10


def test_an_unknown_stream_is_silent() -> None:
    steps = Steps()
    ear = steps.listener("nope@trade", "btcusdt@depth", "btcusdt")
    steps.go(1)

    assert ear.parcels == []


def test_a_candle_is_pushed_while_it_runs_and_closed_once() -> None:
    steps = Steps()
    ear = steps.listener("btcusdt@kline_1m")
    steps.go(1, steps=120)

    opened = {message["k"]["t"] for message in ear.heard()}
    closed = [message["k"] for message in ear.heard() if message["k"]["x"]]
    assert len(opened) == 3
    assert [each["t"] for each in closed] == sorted(opened)[:2]
    assert closed[1]["n"] == 600
    assert len(ear.heard()) >= 60


def test_tickers_are_pushed_with_trades_and_once_a_second() -> None:
    steps = Steps()
    ear = steps.listener("btcusdt@bookTicker", "btcusdt@ticker")
    steps.go(0.5, steps=8)

    books = [message for message in ear.heard() if "e" not in message]
    tickers = [message for message in ear.heard() if message.get("e") == "24hrTicker"]
    assert len(books) == 8
    assert len(tickers) == 4
    assert all(float(book["b"]) < float(book["a"]) for book in books)
    assert [ticker["b"] for ticker in tickers] == [book["b"] for book in books[::2]]

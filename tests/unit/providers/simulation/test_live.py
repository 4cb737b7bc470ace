"""What goes over a symbol's streams, step by step on a clock of ours: whole and in order, or as a fault has it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from candlewick.domain.batch import TradeBatch
from candlewick.providers.simulation.exchange import Exchange
from candlewick.providers.simulation.faults import Fault, Faults, Order
from candlewick.providers.simulation.live import LiveTrades
from markets import FrozenClock
from simulated import NOW, load_market

STEP = timedelta(milliseconds=100)
ANY = re.compile("")


class Watched:
    """A hundred trades a second, looked at ten times a second."""

    def __init__(self) -> None:
        self.clock = FrozenClock(NOW)
        self.faults = Faults(seed=1)
        self.exchange = Exchange([load_market(rate=100)], self.clock, self.faults.gone, self.faults.skew)
        symbol = self.exchange.symbol("BTCUSDT")
        self.first = self.exchange.last(symbol) + 1
        self.live = LiveTrades(self.exchange, self.faults, symbol, self.first - 1)

    def order(self, fault: Fault, count: int = 5, seconds: float | None = None, probability: float = 1) -> None:
        spans = {"BTCUSDT": (self.first, self.first + count - 1)}
        self.faults.add(Order(fault, ANY, count, probability, seconds), spans)

    def steps(self, count: int) -> list[TradeBatch]:
        found = []
        for _ in range(count):
            self.clock.moment += STEP
            found.append(self.live.step())
        return found

    def numbers(self, steps: int) -> list[int]:
        """The trades of so many steps, counted from the first."""
        return [number - self.first for batch in self.steps(steps) for number in batch.sequence.tolist()]


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_every_trade_comes_once_and_in_order(watched: Watched) -> None:
    assert watched.numbers(10) == list(range(100))


def test_after_a_pause_nothing_is_left_out(watched: Watched) -> None:
    watched.clock.moment += timedelta(minutes=20)

    assert watched.numbers(4) == list(range(120_040))


def test_missing_trades_do_not_come_but_are_in_rest(watched: Watched) -> None:
    watched.order(Fault.MISSING)

    assert watched.numbers(2) == list(range(5, 20))
    assert watched.exchange.from_number(watched.live.symbol, watched.first, 3).sequence[0] == watched.first


def test_gone_trades_are_not_in_rest_either(watched: Watched) -> None:
    watched.order(Fault.GONE)

    assert watched.numbers(2) == list(range(5, 20))
    assert watched.exchange.from_number(watched.live.symbol, watched.first, 3).sequence[0] == watched.first + 5


def test_duplicates_come_twice(watched: Watched) -> None:
    watched.order(Fault.DUPLICATE, count=2)

    assert watched.numbers(1) == [0, 0, 1, 1, *range(2, 10)]


def test_late_trades_come_after_later_ones(watched: Watched) -> None:
    watched.order(Fault.LATE, count=2, seconds=0.2)

    assert [batch.sequence.tolist()[0] - watched.first for batch in watched.steps(2)] == [2, 10]
    assert watched.numbers(1) == [*range(20, 30), 0, 1]


def test_shuffled_trades_all_come_in_another_order(watched: Watched) -> None:
    watched.order(Fault.SHUFFLED, count=50, seconds=0.5)
    numbers = watched.numbers(12)

    assert numbers != sorted(numbers)
    assert sorted(numbers) == list(range(120))


def test_chance_chooses_the_same_trades_for_the_same_seed(watched: Watched) -> None:
    other = Watched()
    for each in (watched, other):
        each.order(Fault.MISSING, count=1_000, probability=0.3)
    numbers = watched.numbers(20)

    assert numbers == other.numbers(20)
    assert 100 < len(numbers) < 180

"""Backtests: what may be asked of one, and what a run comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NewType

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import Adjustment
from candlewick.domain.errors import InvalidBacktest
from candlewick.domain.hours import TimeBar
from candlewick.domain.indicator import Parameters
from candlewick.domain.job import JobId
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.time import Window

BacktestId = NewType("BacktestId", int)

MOST_INSTRUMENTS: Final = 100
"""Of one request; each is run alone, with a capital of its own."""
MOST_CANDLES: Final = 2_000_000
"""Of one run."""
MOST_POINTS: Final = 2_000
"""Of the equity curve that is kept: of more candles, each point stands for several."""
MOST_TRADES: Final = 100_000
"""That are kept of one run; all of them count in its statistics."""
ENGINE: Final = 1
"""The version of the rules by which orders are filled and accounts are kept; another one may give other numbers."""
MOST_MONEY: Final = Decimal(10) ** 15
FINEST: Final = Decimal("0.00000001")
"""What a quantity is a multiple of where nothing else is said: eight decimal places."""
_MOST_PLACES: Final = 18


def _check(argument: str, value: Decimal, least: Decimal, most: Decimal, *, above: bool = False) -> None:
    """Raises InvalidBacktest: the value is no number, out of bounds, or finer than anybody counts."""
    inside = value.is_finite() and least <= value <= most and not (above and value == least)
    if not inside:
        bound = f"above {least:f}, at most {most:f}" if above else f"from {least:f} to {most:f}"
        raise InvalidBacktest(argument, f"is {value}: give a number {bound}")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_MOST_PLACES:
        raise InvalidBacktest(argument, f"has {-exponent} decimal places: give at most {_MOST_PLACES}")


class Direction(StrEnum):
    """What a strategy may hold."""

    LONG_ONLY = "LONG_ONLY"
    SHORT_ONLY = "SHORT_ONLY"
    BOTH = "BOTH"


class FillAt(StrEnum):
    """Where an order is filled that was decided on when a candle closed. Never there: nobody knows a close before."""

    NEXT_OPEN = "NEXT_OPEN"
    NEXT_CLOSE = "NEXT_CLOSE"


class AtEnd(StrEnum):
    """What becomes of a position that is open when the last candle closes."""

    CLOSE = "CLOSE"
    """It is closed there, at the candle's close, with slippage and fee."""
    HOLD = "HOLD"
    """It stays open and is valued at the candle's close."""


class SizingKind(StrEnum):
    """What an amount says of a position."""

    FRACTION = "FRACTION"
    """The part of the equity that it costs, fee included."""
    CASH = "CASH"
    """The money that it costs, fee included."""
    QUANTITY = "QUANTITY"
    """How much of the base asset it is."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """How large a position is made. It never costs more than the equity: nothing is borrowed."""

    kind: SizingKind = SizingKind.FRACTION
    amount: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        if self.kind is SizingKind.FRACTION:
            _check("sizing.fraction", self.amount, Decimal(0), Decimal(1), above=True)
        else:
            _check(f"sizing.{self.kind.lower()}", self.amount, Decimal(0), MOST_MONEY, above=True)


@dataclass(frozen=True, slots=True)
class AccountRules:
    """What an account begins with, what a trade costs, and what is held when."""

    capital: Decimal = Decimal(10_000)
    fee: Decimal = Decimal("0.001")
    """Of the value that is traded, each time."""
    slippage: Decimal = Decimal("0.0005")
    """What a buy pays more and a sale gets less than the candle's price, as a part of it."""
    sizing: Sizing = Sizing()
    direction: Direction = Direction.LONG_ONLY
    fill: FillAt = FillAt.NEXT_OPEN
    at_end: AtEnd = AtEnd.CLOSE
    lot: Decimal = FINEST
    """Quantities are whole multiples of it, rounded down."""

    def __post_init__(self) -> None:
        _check("capital", self.capital, Decimal(0), MOST_MONEY, above=True)
        _check("fee", self.fee, Decimal(0), Decimal("0.5"))
        _check("slippage", self.slippage, Decimal(0), Decimal("0.5"))
        _check("lot", self.lot, Decimal(0), MOST_MONEY, above=True)


@dataclass(frozen=True, slots=True)
class StrategyChoice:
    """A strategy by its name, with the parameters that are not to be its defaults."""

    name: str
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What is to be run: a strategy on candles of some instruments, each alone."""

    instruments: Sequence[InstrumentKey]
    bar: TimeBar
    window: Window
    """Of the candles that may be traded on; those before it are read as far as indicators look back."""
    strategy: StrategyChoice
    rules: AccountRules = AccountRules()
    origin: CandleOrigin | None = None
    adjustment: Adjustment = Adjustment.SPLITS

    def __post_init__(self) -> None:
        if not 1 <= len(self.instruments) <= MOST_INSTRUMENTS:
            raise InvalidBacktest("instruments", f"must be 1 to {MOST_INSTRUMENTS} keys, not {len(self.instruments)}")


class ExitReason(StrEnum):
    """Why a position was closed."""

    SIGNAL = "SIGNAL"
    """The strategy wanted another one, or none."""
    END = "END"
    """The candles were over."""
    RUIN = "RUIN"
    """The equity had become zero or less: nothing is traded after it."""


@dataclass(frozen=True, slots=True)
class Fill:
    """An order that was filled. Exact."""

    candle: int
    """The position of the candle that it was filled in; it was decided on when the one before closed."""
    time: datetime
    quantity: Decimal
    """Of the base asset: above zero bought, below zero sold."""
    price: Decimal
    """With slippage."""
    fee: Decimal


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A position, from its opening to its closing. Exact, but for `gain`."""

    number: int
    """Counted from 1."""
    entry: Fill
    exit: Fill | None
    """None: it is open still."""
    reason: ExitReason | None
    profit: Decimal
    """After fees. Of an open one: what it would be at the last close, without the costs of closing."""
    gain: float
    """The profit as a part of what the entry cost."""
    candles: int
    """How many it was held for."""

    @property
    def long(self) -> bool:
        return self.entry.quantity > 0


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """The account when a candle closed; of several candles, when the last of them did."""

    time: datetime
    equity: float
    drawdown: float
    """How far it was below its highest so far, as a part of that, 0 or less; the deepest of the candles."""
    held: float
    """What buying at the beginning would have come to."""
    price: float
    """The close."""
    side: int
    """1: a long position, -1: a short one, 0: none."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a run comes to. None: it cannot be said, for example of returns that do not differ.

    Ratios are annualised by the number of candles that a year had, with no interest on cash.
    """

    final_equity: Decimal
    """Exact."""
    net_profit: Decimal
    fees: Decimal
    total_return: float
    cagr: float | None
    """Compound annual growth: (final ÷ capital)^(1 ÷ years) − 1, a year being 365.25 days."""
    volatility: float | None
    """The sample's standard deviation of the candles' returns, annualised."""
    sharpe: float | None
    """Mean return ÷ standard deviation."""
    sortino: float | None
    """Mean return ÷ root of the mean square of the negative ones."""
    calmar: float | None
    """CAGR ÷ largest drawdown."""
    max_drawdown: float
    """0 or less."""
    longest_drawdown: float
    """In days: from a highest equity to the next one as high, or to the end."""
    trades: int
    """Positions that were opened."""
    win_rate: float | None
    """The part of the closed ones that made a profit."""
    profit_factor: float | None
    """Profits ÷ losses."""
    average_gain: float | None
    exposure: float
    """The part of the candles that closed with a position."""
    turnover: float
    """The value of all fills ÷ the mean equity."""
    skipped: int
    """Orders that were too small for one lot."""
    held_return: float
    """Of buying at the first opportunity and holding, with the same capital, fees and slippage."""
    held_max_drawdown: float


@dataclass(frozen=True, slots=True)
class BacktestSummary:
    """What came of one instrument, in short."""

    candles: int
    """That could be traded on."""
    warm_up: int
    """Candles before them that were read for the indicators."""
    idle: int
    """Of the first candles, those that indicators were not stable on: the history does not reach back far enough."""
    first: datetime
    """The first candle's open time."""
    last: datetime
    """The last candle's close time."""
    digest: str
    """Of the candles: runs of the same digest ran on the same numbers."""
    statistics: Statistics
    ruined_at: datetime | None
    """When the equity had become zero or less."""
    pending: bool
    """The last candle's order was never filled: there is no candle after it."""
    parameters: Parameters
    """All of the strategy's."""


@dataclass(frozen=True, slots=True)
class BacktestResult(BacktestSummary):
    """All of it, with trades, and the equity curve thinned to a bounded number of points."""

    trades: Sequence[RoundTrip]
    """The first `MOST_TRADES`."""
    equity: Sequence[EquityPoint]


@dataclass(frozen=True, slots=True)
class NewBacktest:
    """A result to be kept."""

    instrument_id: InstrumentId
    request: BacktestRequest
    """Of this one instrument."""
    revision: int
    """The instrument's data version whose candles were read."""
    result: BacktestResult
    step: tuple[JobId, int] | None = None
    """The job, and which step of it; None: it was run on a command line."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """A result that is kept; its trades and its curve are read by themselves."""

    id: BacktestId
    job_id: JobId | None
    instrument_id: InstrumentId
    request: BacktestRequest
    revision: int
    engine: int
    """The version of the engine's rules: equal ones give equal numbers on equal candles."""
    created_at: datetime
    summary: BacktestSummary


@dataclass(frozen=True, slots=True)
class BacktestFilter:
    """Which backtests: every field that is given must match."""

    instrument: InstrumentKey | None = None
    strategy: str | None = None
    job_id: JobId | None = None


def thinned(points: Sequence[EquityPoint], most: int) -> Sequence[EquityPoint]:
    """At most so many of them, each standing for equal numbers: as after the last, with the deepest drawdown."""
    if len(points) <= most:
        return points
    ends = [len(points) * number // most for number in range(1, most + 1)]
    parts = [points[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return [replace(part[-1], drawdown=min(point.drawdown for point in part)) for part in parts]

"""Backtests: what came of them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Self

import strawberry

from candlewick.domain import backtest
from candlewick.domain.backtest import MOST_INSTRUMENTS, MOST_POINTS, SizingKind
from candlewick.domain.interval import Duration
from candlewick.domain.job import JobId
from candlewick.graphql.context import Info
from candlewick.graphql.cursor import Series, integer
from candlewick.graphql.faults import InvalidCursor
from candlewick.graphql.paging import ListPaging, check_size
from candlewick.graphql.scalars import BigInt
from candlewick.graphql.types.connection import Connection, ListedAfter, ListedBefore, ListedFirst, ListedLast
from candlewick.graphql.types.enums import Adjustment, AtEnd, CandleOrigin, Direction, ExitReason, FillAt
from candlewick.graphql.types.instrument import Instrument, present
from candlewick.graphql.types.node import Node, NodeId
from candlewick.graphql.types.span import TimeSpan
from candlewick.graphql.types.strategy import StrategyParameter

_TRADES = Series("backtest trades")
STATEMENT: Final = 100
"""Rows that a page counts as at the least: each takes a statement of its own."""

Points = Annotated[int, strawberry.argument(description="How many at the most; 2 to 2000, evenly taken.")]


@strawberry.type(description="What an account was like, and what it might do.")
class BacktestAccount:
    """A view of the domain's rules."""

    capital: Decimal = strawberry.field(description="Cash at the beginning.")
    fee: Decimal = strawberry.field(description="Of the value that is traded, each time.")
    slippage: Decimal = strawberry.field(description="A part of the price, against the account.")
    fraction: Decimal | None = strawberry.field(description="The part of the equity that a position was made of.")
    cash: Decimal | None = strawberry.field(description="The money that a position was made of.")
    quantity: Decimal | None = strawberry.field(description="How much of the base asset a position was.")
    direction: Direction = strawberry.field(description="What might be held.")
    fill: FillAt = strawberry.field(description="Where orders were filled.")
    at_end: AtEnd = strawberry.field(description="What became of a position that was open at the end.")
    lot: Decimal = strawberry.field(description="What quantities are whole multiples of.")

    @classmethod
    def of(cls, rules: backtest.AccountRules) -> Self:
        kind, amount = rules.sizing.kind, rules.sizing.amount
        return cls(
            capital=rules.capital,
            fee=rules.fee,
            slippage=rules.slippage,
            fraction=amount if kind is SizingKind.FRACTION else None,
            cash=amount if kind is SizingKind.CASH else None,
            quantity=amount if kind is SizingKind.QUANTITY else None,
            direction=rules.direction,
            fill=rules.fill,
            at_end=rules.at_end,
            lot=rules.lot,
        )


@strawberry.type(
    description=(
        "What a backtest came to. Null: it cannot be said. Ratios are annualised by the number of candles that a year "
        "had, with no interest on cash."
    )
)
class BacktestStatistics:
    """Resolved from the domain's as it is."""

    final_equity: Decimal = strawberry.field(description="Cash and position at the end, exact.")
    net_profit: Decimal = strawberry.field(description="Final equity less capital, exact.")
    fees: Decimal = strawberry.field(description="All of them, exact.")
    total_return: float = strawberry.field(description="Net profit as a part of the capital.")
    cagr: float | None = strawberry.field(description="Compound annual growth, a year being 365.25 days.")
    volatility: float | None = strawberry.field(description="Standard deviation of the candles' returns, annualised.")
    sharpe: float | None = strawberry.field(description="Mean return ÷ standard deviation, annualised.")
    sortino: float | None = strawberry.field(
        description="Mean return ÷ root of the mean square of the negative ones, annualised."
    )
    calmar: float | None = strawberry.field(description="Compound annual growth ÷ largest drawdown.")
    max_drawdown: float = strawberry.field(description="The deepest fall below a highest equity, 0 or less.")
    longest_drawdown: float = strawberry.field(
        description="Days from a highest equity to the next one as high, or to the end."
    )
    trades: int = strawberry.field(description="Positions that were opened.")
    win_rate: float | None = strawberry.field(description="The part of the closed ones that made a profit.")
    profit_factor: float | None = strawberry.field(description="Profits ÷ losses of the closed ones.")
    average_gain: float | None = strawberry.field(
        description="The mean of the closed ones' profits, each as a part of what its entry cost."
    )
    exposure: float = strawberry.field(description="The part of the candles that closed with a position.")
    turnover: float = strawberry.field(description="The value of all fills ÷ the mean equity.")
    skipped: int = strawberry.field(description="Orders that were too small for one lot.")
    held_return: float = strawberry.field(
        description="What buying at the first opportunity and holding would have come to, as a part of the capital."
    )
    held_max_drawdown: float = strawberry.field(description="The deepest fall of that.")


@strawberry.type(description="An account when a candle closed; of several candles, when the last of them did.")
class EquityPoint:
    """Resolved from the domain's as it is."""

    time: datetime = strawberry.field(description="When the candle closed.")
    equity: float = strawberry.field(description="Cash, and the position at the close.")
    drawdown: float = strawberry.field(
        description="How far it was below its highest so far, 0 or less; the deepest of the candles."
    )
    held: float = strawberry.field(description="What buying at the first opportunity would have come to.")
    price: float = strawberry.field(description="The close.")
    side: int = strawberry.field(description="1 with a long position, -1 with a short one, 0 without.")


@strawberry.type(description="An order that was filled.")
class BacktestFill:
    """A view of the domain's."""

    time: datetime = strawberry.field(description="When.")
    price: Decimal = strawberry.field(description="With slippage, exact.")
    fee: Decimal = strawberry.field(description="What it cost, exact.")

    @classmethod
    def of(cls, fill: backtest.Fill) -> Self:
        return cls(time=fill.time, price=fill.price, fee=fill.fee)


@strawberry.type(description="A position of a backtest, from its opening to its closing.")
class BacktestTrade:
    """A view of the domain's."""

    number: int = strawberry.field(description="Counted from 1.")
    quantity: Decimal = strawberry.field(description="Above zero long, below zero short; exact.")
    entry: BacktestFill = strawberry.field(description="What opened it.")
    exit: BacktestFill | None = strawberry.field(description="What closed it; null if it is open still.")
    reason: ExitReason | None = strawberry.field(description="Why it was closed.")
    profit: Decimal = strawberry.field(
        description="After fees, exact; of an open one, what it would be at the last close."
    )
    gain: float = strawberry.field(description="The profit as a part of what the entry cost.")
    candles: int = strawberry.field(description="How many it was held for.")

    @classmethod
    def of(cls, row: backtest.RoundTrip) -> Self:
        return cls(
            number=row.number,
            quantity=row.entry.quantity,
            entry=BacktestFill.of(row.entry),
            exit=BacktestFill.of(row.exit) if row.exit else None,
            reason=row.reason,
            profit=row.profit,
            gain=row.gain,
            candles=row.candles,
        )


@strawberry.type(description="What came of a strategy on an instrument's candles of the past.")
class Backtest(Node):
    """A view of the domain's."""

    row: strawberry.Private[backtest.Backtest]
    number: BigInt = strawberry.field(description="Its number, as `candlewick backtests list` shows it.")
    strategy: str = strawberry.field(description="What decided.")
    every: Duration = strawberry.field(description="How wide its candles are.")
    timezone: str = strawberry.field(description="The zone whose days its candles are cut by.")
    session: str | None = strawberry.field(description="The calendar whose sessions alone count; null if all day does.")
    range_: TimeSpan = strawberry.field(name="range", description="What was asked for.")
    origin: CandleOrigin = strawberry.field(description="What the candles were made from.")
    adjust: Adjustment = strawberry.field(description="What the prices were adjusted for.")
    account: BacktestAccount = strawberry.field(description="What it traded with.")
    revision: BigInt = strawberry.field(
        description="The instrument's data version that it ran on: run again on the same, it comes to the same."
    )
    digest: str = strawberry.field(description="SHA-256 of its candles: runs of the same digest had the same numbers.")
    engine: int = strawberry.field(description="The version of the rules by which orders are filled.")
    created_at: datetime = strawberry.field(description="When it was run.")
    candles: int = strawberry.field(description="How many it traded on.")
    warm_up: int = strawberry.field(description="How many before them were read for the indicators.")
    idle: int = strawberry.field(
        description="Of the first candles, those that indicators were not stable on: nothing was decided there."
    )
    first_open: datetime = strawberry.field(description="When its first candle opened.")
    last_close: datetime = strawberry.field(description="When its last candle closed.")
    ruined_at: datetime | None = strawberry.field(
        description="When nothing of the equity was left, after which nothing is traded; null if it never came so far."
    )
    pending: bool = strawberry.field(
        description="Whether the last candle's order was never filled, there being no candle after it."
    )
    statistics: BacktestStatistics = strawberry.field(description="What it came to.")

    @classmethod
    def of(cls, row: backtest.Backtest) -> Self:
        request, summary = row.request, row.summary
        return cls(
            id=strawberry.ID(str(NodeId("Backtest", row.id))),
            row=row,
            number=BigInt(row.id),
            strategy=request.strategy.name,
            every=request.bar.every,
            timezone=request.bar.hours.timezone,
            session=request.bar.hours.session,
            range_=TimeSpan.of(request.window),
            origin=CandleOrigin(request.origin.value) if request.origin else CandleOrigin.AUTO,
            adjust=request.adjustment,
            account=BacktestAccount.of(request.rules),
            revision=BigInt(row.revision),
            digest=summary.digest,
            engine=row.engine,
            created_at=row.created_at,
            candles=summary.candles,
            warm_up=summary.warm_up,
            idle=summary.idle,
            first_open=summary.first,
            last_close=summary.last,
            ruined_at=summary.ruined_at,
            pending=summary.pending,
            statistics=summary.statistics,  # type: ignore[arg-type]  # fields of the same names
        )

    @strawberry.field(description="What was traded.")
    async def instrument(self, info: Info) -> Instrument:
        return Instrument.of(present(await info.context.loaders.instruments_by_id.load(self.row.instrument_id)))

    @strawberry.field(description="All parameters of the strategy.")
    def parameters(self) -> list[StrategyParameter]:
        return [StrategyParameter(name=name, value=value) for name, value in self.row.summary.parameters.items()]

    @strawberry.field(description="The id of the job that it was run by; null if it was a command.")
    def job(self) -> strawberry.ID | None:
        return None if self.row.job_id is None else strawberry.ID(str(NodeId("Job", self.row.job_id)))

    @strawberry.field(
        description=(
            "The equity curve from the first candle to the last: a point for each candle, or for equal numbers of them."
        )
    )
    async def equity(self, info: Info, points: Points = 500) -> list[EquityPoint]:
        check_size("points", points, MOST_POINTS)
        info.context.budget.charge(max(points, min(self.row.summary.candles, MOST_POINTS)))  # all of it is read
        curve = await info.context.loaders.backtest_curves.load(self.row.id)
        return list(backtest.thinned(curve, points))  # type: ignore[arg-type]  # fields of the same names

    @strawberry.field(description="Its positions in the order in which they were opened; the first 100,000 are kept.")
    async def trades(
        self,
        info: Info,
        first: ListedFirst = None,
        after: ListedAfter = None,
        last: ListedLast = None,
        before: ListedBefore = None,
    ) -> Connection[BacktestTrade]:
        paging = ListPaging(first, after, last, before)
        beyond, until = paging.ends(lambda cursor, argument: _number(_TRADES.key(cursor, argument)[0], argument))
        info.context.budget.charge(max(paging.limit, STATEMENT))
        page = await info.context.services.backtests.trades(
            self.row.id, paging.limit, beyond, until, backwards=paging.backwards
        )
        has_previous, has_next = paging.neighbours(more=page.more)
        return Connection(
            nodes=[BacktestTrade.of(row) for row in page.rows],
            cursor_at=lambda index: _TRADES.cursor(page.rows[index].number),
            has_previous=has_previous,
            has_next=has_next,
        )


@strawberry.input(description="Which backtests: all that is given must match.")
class BacktestFilter:
    """At the edge; inside it is the domain's filter."""

    instrument: str | None = strawberry.field(default=None, description="The instrument's key.")
    strategy: str | None = strawberry.field(default=None, description="The strategy's name.")
    job: strawberry.ID | None = strawberry.field(default=None, description="The id of the job that ran them.")


def _number(text: str, argument: str) -> int:
    number = integer(text, argument)
    if not 0 <= number < 2**31:
        raise InvalidCursor(argument, "its number is out of range")
    return number


async def of_job(info: Info, job_id: JobId) -> list[Backtest]:
    """What came of a job's steps so far."""
    info.context.budget.charge(MOST_INSTRUMENTS)
    return [Backtest.of(row) for row in await info.context.loaders.backtests_of_job.load(job_id)]

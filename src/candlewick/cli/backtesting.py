"""`candlewick backtest` runs a strategy on candles that are here; `candlewick backtests` shows what came of others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from candlewick.cli.backfilling import From, moment_of
from candlewick.cli.instruments import key_of
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, say, write_json, write_table
from candlewick.domain.backtest import (
    AccountRules,
    AtEnd,
    Backtest,
    BacktestFilter,
    BacktestId,
    BacktestRequest,
    Direction,
    FillAt,
    Sizing,
    SizingKind,
    StrategyChoice,
)
from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import Adjustment
from candlewick.domain.errors import CandlewickError, EmptyWindow, UnknownBacktest
from candlewick.domain.hours import TimeBar
from candlewick.domain.interval import Duration, Interval
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window

if TYPE_CHECKING:
    from candlewick.backtest.report import Told
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses
    from candlewick.wiring.stores import Stores

_CAPITAL: Final[Any] = str(AccountRules().capital)
_FEE: Final[Any] = str(AccountRules().fee)
_SLIPPAGE: Final[Any] = str(AccountRules().slippage)
_LOT: Final[Any] = format(AccountRules().lot, "f")
"""Defaults as one would type them: typer parses these too."""
_PAGE: Final = 5_000
_NAMES: Final = "sma_cross, ema_cross, rsi_bands, macd_cross, bollinger_reversion, donchian_breakout or buy_and_hold."
"""Here and not from the strategies: `--help` answers without importing them."""

backtests = typer.Typer(help="List backtests, and show them again.", no_args_is_help=True)


class DirectionName(StrEnum):
    """What may be held, as one types it."""

    LONG = "long"
    SHORT = "short"
    BOTH = "both"


class FillName(StrEnum):
    """Where orders are filled, as one types it."""

    NEXT_OPEN = "next-open"
    NEXT_CLOSE = "next-close"


class AtEndName(StrEnum):
    """What becomes of an open position, as one types it."""

    CLOSE = "close"
    HOLD = "hold"


class AdjustName(StrEnum):
    """What prices are adjusted for, as one types it."""

    NONE = "none"
    SPLITS = "splits"
    ALL = "all"


class OriginName(StrEnum):
    """What candles are made from, as one types it."""

    AUTO = "auto"
    TRADES = "trades"
    VENUE = "venue"
    QUOTES = "quotes"


_DIRECTIONS: Final = {
    DirectionName.LONG: Direction.LONG_ONLY,
    DirectionName.SHORT: Direction.SHORT_ONLY,
    DirectionName.BOTH: Direction.BOTH,
}


def number_of(text: str) -> Decimal:
    """An exact number; whether it may be so is said by the account."""
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{text!r} is no number: write for example 0.001") from error


def width_of(text: str) -> Duration:
    """The name of an interval, or a duration in ISO 8601."""
    if text in Interval:
        return Interval(text).duration
    try:
        return Duration.parse(text)
    except CandlewickError as error:
        names = ", ".join(interval.value for interval in Interval)
        raise typer.BadParameter(f"{text!r} is no width: write one of {names}, or ISO 8601 such as PT2H") from error


def parameter_of(text: str) -> tuple[str, float]:
    """NAME=NUMBER."""
    name, equals, value = text.partition("=")
    try:
        if not (name and equals):
            raise ValueError(text)
        return name.strip(), float(value)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no parameter: write NAME=NUMBER, for example fast=10") from error


Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page with charts and trades.")]


def backtest(
    ctx: typer.Context,
    strategy: Annotated[str, typer.Argument(metavar="STRATEGY", help=_NAMES)],
    instruments: Annotated[
        list[InstrumentKey],
        typer.Argument(metavar="VENUE:BASE-QUOTE…", parser=key_of, help="What it trades, each alone."),
    ],
    start: From,
    *,
    end: Annotated[
        datetime | None,
        typer.Option(
            "--to", metavar="TIME", parser=moment_of, help="The first moment that is not traded; now without."
        ),
    ] = None,
    every: Annotated[
        Duration, typer.Option(metavar="WIDTH", parser=width_of, help="Of a candle: M5, H1, D1, or PT2H.")
    ] = "D1",  # type: ignore[assignment] # typer parses defaults too
    parameters: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="A parameter of the strategy.")
    ] = None,
    capital: Annotated[
        Decimal, typer.Option(metavar="NUMBER", parser=number_of, help="Cash at the beginning.")
    ] = _CAPITAL,
    fee: Annotated[Decimal, typer.Option(metavar="PART", parser=number_of, help="Of the value, each time.")] = _FEE,
    slippage: Annotated[
        Decimal, typer.Option(metavar="PART", parser=number_of, help="Of the price, against the account.")
    ] = _SLIPPAGE,
    fraction: Annotated[
        Decimal | None, typer.Option(metavar="PART", parser=number_of, help="Of the equity, for each position.")
    ] = None,
    cash: Annotated[
        Decimal | None, typer.Option(metavar="NUMBER", parser=number_of, help="Money for each position instead.")
    ] = None,
    quantity: Annotated[
        Decimal | None, typer.Option(metavar="NUMBER", parser=number_of, help="How much each position is instead.")
    ] = None,
    lot: Annotated[
        Decimal, typer.Option(metavar="NUMBER", parser=number_of, help="Quantities are multiples of it; 1 for shares.")
    ] = _LOT,
    direction: Annotated[DirectionName, typer.Option(help="What may be held.")] = DirectionName.LONG,
    fill: Annotated[FillName, typer.Option(help="Where orders are filled.")] = FillName.NEXT_OPEN,
    at_end: Annotated[AtEndName, typer.Option(help="What becomes of an open position.")] = AtEndName.CLOSE,
    adjust: Annotated[AdjustName, typer.Option(help="What prices are adjusted for.")] = AdjustName.SPLITS,
    origin: Annotated[OriginName, typer.Option(help="What candles are made from.")] = OriginName.AUTO,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Whose days candles are cut by.")] = "UTC",
    session: Annotated[
        str | None, typer.Option(metavar="CALENDAR", help="Only its sessions count, such as XNYS.")
    ] = None,
    to_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all of it as JSON; - for stdout.")
    ] = None,
    to_html: Html = None,
) -> None:
    """Try a strategy on candles of the past, and say what would have come of it.

    Orders are decided when a candle closes and filled in the next one, with fee and slippage; money is exact. Each
    result is kept with the revision of the data that it ran on, and shown beside buying and holding.

    \b
    Examples:
      candlewick backtest sma_cross binance:BTC-USDT --from 2020 --every D1 --html report.html
      candlewick backtest rsi_bands csv:AAPL-USD --from 2000 --to 2021 --set length=7 --direction both
      candlewick backtest donchian_breakout binance:BTC-USDT --from 2024 --every H4 --fraction 0.5 --json result.json
    """
    from candlewick.clock import SystemClock
    from candlewick.wiring import addresses

    try:
        window = Window(start, end or SystemClock().now())
    except EmptyWindow as error:
        raise typer.BadParameter(str(error), param_hint="--from") from error
    rules = AccountRules(
        capital, fee, slippage, _sizing(fraction, cash, quantity), _DIRECTIONS[direction],
        FillAt(fill.name), AtEnd(at_end.name), lot,
    )  # fmt: skip
    request = BacktestRequest(
        tuple(dict.fromkeys(instruments)), TimeBar.of(every, timezone, session), window,
        StrategyChoice(strategy, dict(map(parameter_of, parameters or ()))), rules,
        None if origin is OriginName.AUTO else CandleOrigin(origin.name), Adjustment(adjust.name),
    )  # fmt: skip
    with begun(ctx) as settings, addresses(settings, redis=False) as where:
        told = run(_run(settings, where, request))
    _tell(told, to_json, to_html)


@backtests.command("list")
def list_backtests(
    ctx: typer.Context,
    instrument: Annotated[
        InstrumentKey | None, typer.Option(metavar="VENUE:BASE-QUOTE", parser=key_of, help="Only of it.")
    ] = None,
    strategy: Annotated[str | None, typer.Option(metavar="NAME", help="Only of it.")] = None,
    first: Annotated[int, typer.Option(min=1, max=500, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List backtests, the newest first.

    \b
    Examples:
      candlewick backtests list
      candlewick backtests list --strategy sma_cross --json
    """
    from candlewick.wiring import addresses, open_stores

    async def find() -> Sequence[Backtest]:
        async with open_stores(settings, where, "backtests") as stores:
            return (await stores.backtests.backtests(BacktestFilter(instrument, strategy), first, None)).rows

    with begun(ctx) as settings, addresses(settings, redis=False) as where:
        found = run(find())
    if as_json:
        from candlewick.backtest.documents import backtest_document

        write_json([backtest_document(each) for each in found])
    elif found:
        write_table(_COLUMNS, map(_row, found))
    else:
        say("There are no such backtests. `candlewick backtest` runs one.")


@backtests.command("show")
def show(
    ctx: typer.Context,
    number: Annotated[
        int, typer.Argument(min=1, help="The backtest's number, as `candlewick backtests list` shows it.")
    ],
    to_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all of it as JSON; - for stdout.")
    ] = None,
    to_html: Html = None,
) -> None:
    """Show a backtest again, as it was kept.

    \b
    Examples:
      candlewick backtests show 3
      candlewick backtests show 3 --html report.html
    """
    from candlewick.wiring import addresses, open_stores

    async def find() -> Told:
        async with open_stores(settings, where, "backtests") as stores:
            return await _kept(stores, BacktestId(number))

    with begun(ctx) as settings, addresses(settings, redis=False) as where:
        told = run(find())
    _tell([told], to_json, to_html)


_COLUMNS: Final = ("backtest", "strategy", "instrument", "candles", "range", "return", "holding", "run")


def _row(each: Backtest) -> tuple[object, ...]:
    from candlewick.backtest.figures import part

    summary = each.summary
    return (
        each.id, each.request.strategy.name, each.request.instruments[0], f"{summary.candles:,} × {each.request.bar}",
        f"{summary.first:%Y-%m-%d} to {summary.last:%Y-%m-%d}", part(summary.statistics.total_return),
        part(summary.statistics.held_return), f"{each.created_at:%Y-%m-%d %H:%M:%S}",
    )  # fmt: skip


def _sizing(fraction: Decimal | None, cash: Decimal | None, quantity: Decimal | None) -> Sizing:
    given = [
        (kind, amount)
        for kind, amount in zip(
            (SizingKind.FRACTION, SizingKind.CASH, SizingKind.QUANTITY), (fraction, cash, quantity), strict=True
        )
        if amount is not None
    ]
    if len(given) > 1:
        raise typer.BadParameter("give one of --fraction, --cash and --quantity")
    return Sizing(*given[0]) if given else Sizing()


async def _run(settings: Settings, where: Addresses, request: BacktestRequest) -> list[Told]:
    from candlewick.backtest.report import Told
    from candlewick.wiring import open_stores

    async with open_stores(settings, where, "backtest") as stores:
        told = []
        for key in request.instruments:
            kept, result = await stores.backtesting.run(request, key)
            told.append(Told(kept, result.trades, result.equity))
        return told


async def _kept(stores: Stores, backtest_id: BacktestId) -> Told:
    from candlewick.backtest.report import Told

    found = (await stores.backtests.by_ids([backtest_id])).get(backtest_id)
    if found is None:
        raise UnknownBacktest(backtest_id)
    trades = [*(page := await stores.backtests.trades(backtest_id, _PAGE, None)).rows]
    while page.more:
        trades += (page := await stores.backtests.trades(backtest_id, _PAGE, trades[-1].number)).rows
    return Told(found, trades, (await stores.backtests.curves([backtest_id]))[backtest_id])


def _tell(told: Sequence[Told], to_json: Path | None, to_html: Path | None) -> None:
    """Write the files that are wanted, and a table unless stdout is one of them."""
    from candlewick.backtest.documents import told_document
    from candlewick.backtest.report import page

    if to_html is not None:
        to_html.write_text(page(told), encoding="utf-8")
    document: Any = [told_document(each.backtest, each.trades, each.equity) for each in told]
    document = document[0] if len(document) == 1 else document
    if to_json == Path("-"):
        write_json(document)
        return
    if to_json is not None:
        import json

        to_json.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _summarise(told)
    for path in filter(None, (to_json, to_html)):
        say(f"{path} is written.")


def _summarise(told: Sequence[Told]) -> None:
    from candlewick.backtest.figures import FIGURES, shown

    for each in told:
        backtest, statistics = each.backtest, each.backtest.summary.statistics
        summary = backtest.summary
        say(
            f"Backtest {backtest.id}: {backtest.request.strategy.name} on {backtest.request.instruments[0]}, "
            f"{summary.candles:,} candles of {backtest.request.bar}, data revision {backtest.revision}"
        )
        rows = [(figure.title, shown(figure, statistics), figure.of_holding(statistics)) for figure in FIGURES]
        write_table(("", "strategy", "holding"), rows)
        if summary.ruined_at is not None:
            say(f"On {summary.ruined_at:%Y-%m-%d} nothing of the equity was left.")

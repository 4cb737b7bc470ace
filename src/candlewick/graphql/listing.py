"""Pages of instruments and assets in the order of their names, of jobs and dead letters from the newest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from candlewick.domain import backtest
from candlewick.domain.access import Role
from candlewick.domain.backtest import BacktestId
from candlewick.domain.errors import InvalidInstrumentKey
from candlewick.domain.job import JobId
from candlewick.domain.letter import LetterId
from candlewick.domain.market import AssetClass, InstrumentKey
from candlewick.domain.page import Page
from candlewick.domain.watch import Watched
from candlewick.graphql.context import Context
from candlewick.graphql.cursor import Series, integer
from candlewick.graphql.faults import InvalidCursor
from candlewick.graphql.paging import ListPaging
from candlewick.graphql.text import clean
from candlewick.graphql.types.asset import Asset, AssetFilter
from candlewick.graphql.types.backtest import Backtest, BacktestFilter
from candlewick.graphql.types.connection import Connection
from candlewick.graphql.types.dead_letter import DeadLetter, DeadLetterFilter
from candlewick.graphql.types.instrument import Instrument, InstrumentFilter
from candlewick.graphql.types.job import Job, JobFilter, parse_id
from candlewick.graphql.types.watched_instrument import WatchedInstrument

_INSTRUMENTS = Series("instruments")
_ASSETS = Series("assets")
_JOBS = Series("jobs")
_LETTERS = Series("dead letters")
_BACKTESTS = Series("backtests")
_WATCHED = Series("watched")


async def list_instruments(context: Context, where: InstrumentFilter, paging: ListPaging) -> Connection[Instrument]:
    """One page of the instruments that match."""
    after, before = paging.ends(_instrument_position)
    context.budget.charge(paging.limit)
    page = await context.services.instruments.instruments(
        where.wanted, paging.limit, after, before, backwards=paging.backwards
    )
    return _connection(page, paging, Instrument.of, lambda row: _INSTRUMENTS.cursor(row.key))


async def list_assets(context: Context, where: AssetFilter, paging: ListPaging) -> Connection[Asset]:
    """One page of the assets that match."""
    after, before = paging.ends(_asset_position)
    context.budget.charge(paging.limit)
    page = await context.services.instruments.assets(
        where.wanted, paging.limit, after, before, backwards=paging.backwards
    )
    return _connection(page, paging, Asset.of, lambda row: _ASSETS.cursor(row.code, row.asset_class))


async def list_jobs(context: Context, where: JobFilter, paging: ListPaging) -> Connection[Job]:
    """One page of the jobs that match."""
    after, before = paging.ends(lambda cursor, argument: JobId(_number(_JOBS, cursor, argument)))
    context.budget.charge(paging.limit)
    page = await context.services.jobs.jobs(where.wanted, paging.limit, after, before, backwards=paging.backwards)
    return _connection(page, paging, Job.of, lambda row: _JOBS.cursor(row.id))


async def list_backtests(context: Context, where: BacktestFilter, paging: ListPaging) -> Connection[Backtest]:
    """One page of the backtests that match."""
    after, before = paging.ends(lambda cursor, argument: BacktestId(_number(_BACKTESTS, cursor, argument)))
    context.budget.charge(paging.limit)
    wanted = backtest.BacktestFilter(
        InstrumentKey.parse(where.instrument) if where.instrument is not None else None,
        clean(where.strategy, "strategy"),
        parse_id(where.job, "job") if where.job is not None else None,
    )
    page = await context.services.backtests.backtests(wanted, paging.limit, after, before, backwards=paging.backwards)
    return _connection(page, paging, Backtest.of, lambda row: _BACKTESTS.cursor(row.id))


def page_of_watched(context: Context, rows: Sequence[Watched], paging: ListPaging) -> Connection[WatchedInstrument]:
    """One page of what is watched, which is read as a whole: it is short."""
    after, before = paging.ends(lambda cursor, argument: str(_instrument_position(cursor, argument, _WATCHED)))
    context.budget.charge(paging.limit)
    between = [
        row for row in rows if (after is None or str(row.key) > after) and (before is None or str(row.key) < before)
    ]
    kept = between[-paging.limit :] if paging.backwards else between[: paging.limit]
    page = Page(kept, more=len(between) > paging.limit)
    return _connection(page, paging, WatchedInstrument.of, lambda row: _WATCHED.cursor(row.key))


async def list_letters(context: Context, where: DeadLetterFilter, paging: ListPaging) -> Connection[DeadLetter]:
    """One page of the dead letters that match. They carry what sources sent: for operators."""
    context.require(Role.OPERATOR)
    after, before = paging.ends(lambda cursor, argument: LetterId(_number(_LETTERS, cursor, argument)))
    context.budget.charge(paging.limit)
    page = await context.services.dead_letters.letters(
        where.wanted, paging.limit, after, before, backwards=paging.backwards
    )
    return _connection(page, paging, DeadLetter.of, lambda row: _LETTERS.cursor(row.id))


def _connection[Row, View](
    page: Page[Row], paging: ListPaging, view: Callable[[Row], View], cursor: Callable[[Row], str]
) -> Connection[View]:
    has_previous, has_next = paging.neighbours(more=page.more)
    return Connection(
        nodes=[view(row) for row in page.rows],
        cursor_at=lambda index: cursor(page.rows[index]),
        has_previous=has_previous,
        has_next=has_next,
    )


def _number(series: Series, cursor: str, argument: str) -> int:
    return integer(series.key(cursor, argument)[0], argument)


def _instrument_position(cursor: str, argument: str, series: Series = _INSTRUMENTS) -> InstrumentKey:
    try:
        return InstrumentKey.parse(series.key(cursor, argument)[0])
    except InvalidInstrumentKey as exc:
        raise InvalidCursor(argument, "it names no instrument") from exc


def _asset_position(cursor: str, argument: str) -> tuple[str, AssetClass]:
    code, asset_class = _ASSETS.key(cursor, argument, parts=2)
    if asset_class not in AssetClass or "\x00" in code:
        raise InvalidCursor(argument, "it names no asset")
    return code, AssetClass(asset_class)

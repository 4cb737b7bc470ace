"""Pages of instruments and assets in the order of their names, of jobs from the newest on: forward only."""

from __future__ import annotations

from collections.abc import Sequence

from candlewick.domain.access import Role
from candlewick.domain.errors import InvalidInstrumentKey
from candlewick.domain.job import JobId
from candlewick.domain.letter import LetterId
from candlewick.domain.market import AssetClass, InstrumentKey
from candlewick.domain.watch import Watched
from candlewick.graphql.context import Context
from candlewick.graphql.cursor import Series, integer
from candlewick.graphql.faults import InvalidCursor
from candlewick.graphql.limits import MAX_LISTED
from candlewick.graphql.paging import check_size
from candlewick.graphql.types.asset import Asset, AssetFilter
from candlewick.graphql.types.connection import Connection
from candlewick.graphql.types.dead_letter import DeadLetter, DeadLetterFilter
from candlewick.graphql.types.instrument import Instrument, InstrumentFilter
from candlewick.graphql.types.job import Job, JobFilter
from candlewick.graphql.types.watched_instrument import WatchedInstrument

_INSTRUMENTS = Series("instruments")
_ASSETS = Series("assets")
_JOBS = Series("jobs")
_LETTERS = Series("dead letters")
_WATCHED = Series("watched")


async def list_instruments(
    context: Context, where: InstrumentFilter, first: int, after: str | None
) -> Connection[Instrument]:
    """One page of the instruments that match."""
    check_size("first", first, MAX_LISTED)
    position = None if after is None else _instrument_position(after)
    context.budget.charge(first)
    page = await context.services.instruments.instruments(where.wanted, first, position)
    return Connection(
        nodes=[Instrument.of(row) for row in page.rows],
        cursor_at=lambda index: _INSTRUMENTS.cursor(page.rows[index].key),
        has_previous=position is not None,
        has_next=page.more,
    )


async def list_assets(context: Context, where: AssetFilter, first: int, after: str | None) -> Connection[Asset]:
    """One page of the assets that match."""
    check_size("first", first, MAX_LISTED)
    position = None if after is None else _asset_position(after)
    context.budget.charge(first)
    page = await context.services.instruments.assets(where.wanted, first, position)
    return Connection(
        nodes=[Asset.of(row) for row in page.rows],
        cursor_at=lambda index: _ASSETS.cursor(page.rows[index].code, page.rows[index].asset_class),
        has_previous=position is not None,
        has_next=page.more,
    )


async def list_jobs(context: Context, where: JobFilter, first: int, after: str | None) -> Connection[Job]:
    """One page of the jobs that match."""
    check_size("first", first, MAX_LISTED)
    position = None if after is None else JobId(integer(_JOBS.key(after, "after")[0], "after"))
    context.budget.charge(first)
    page = await context.services.jobs.jobs(where.wanted, first, position)
    return Connection(
        nodes=[Job.of(row) for row in page.rows],
        cursor_at=lambda index: _JOBS.cursor(page.rows[index].id),
        has_previous=position is not None,
        has_next=page.more,
    )


def page_of_watched(
    context: Context, rows: Sequence[Watched], first: int, after: str | None
) -> Connection[WatchedInstrument]:
    """One page of what is watched, which is read as a whole: it is short."""
    check_size("first", first, MAX_LISTED)
    position = None if after is None else _instrument_position(after, _WATCHED)
    context.budget.charge(first)
    follow = [row for row in rows if position is None or str(row.key) > str(position)]
    return Connection(
        nodes=[WatchedInstrument.of(row) for row in follow[:first]],
        cursor_at=lambda index: _WATCHED.cursor(follow[:first][index].key),
        has_previous=position is not None,
        has_next=len(follow) > first,
    )


async def list_letters(
    context: Context, where: DeadLetterFilter, first: int, after: str | None
) -> Connection[DeadLetter]:
    """One page of the dead letters that match. They carry what sources sent: for operators."""
    context.require(Role.OPERATOR)
    check_size("first", first, MAX_LISTED)
    position = None if after is None else LetterId(integer(_LETTERS.key(after, "after")[0], "after"))
    context.budget.charge(first)
    page = await context.services.dead_letters.letters(where.wanted, first, position)
    return Connection(
        nodes=[DeadLetter.of(row) for row in page.rows],
        cursor_at=lambda index: _LETTERS.cursor(page.rows[index].id),
        has_previous=position is not None,
        has_next=page.more,
    )


def _instrument_position(cursor: str, series: Series = _INSTRUMENTS) -> InstrumentKey:
    try:
        return InstrumentKey.parse(series.key(cursor, "after")[0])
    except InvalidInstrumentKey as exc:
        raise InvalidCursor("after", "it names no instrument") from exc


def _asset_position(cursor: str) -> tuple[str, AssetClass]:
    code, asset_class = _ASSETS.key(cursor, "after", parts=2)
    if asset_class not in AssetClass or "\x00" in code:
        raise InvalidCursor("after", "it names no asset")
    return code, AssetClass(asset_class)

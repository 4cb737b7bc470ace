"""Assets, venues and instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
from sqlalchemy import ColumnElement, RowMapping, Select, exists, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from candlewick.domain.market import (
    Asset,
    AssetClass,
    AssetId,
    Instrument,
    InstrumentId,
    InstrumentKey,
    InstrumentStatus,
    SymbolUse,
    Tape,
    Venue,
    VenueId,
)
from candlewick.domain.page import AssetFilter, InstrumentFilter, Page
from candlewick.domain.time import Window
from candlewick.ports import Listed, Listing
from candlewick.storage.engine import Database
from candlewick.storage.listings import add, refresh
from candlewick.storage.tables import asset, candle_span, instrument, instrument_version, symbol_alias, venue

_BASE = asset.alias("base")
_QUOTE = asset.alias("quote")
_SAID: Final = """(
    EXISTS (SELECT FROM quote_span WHERE quote_span.instrument_id = instrument.id AND quote_span.source = :source)
    OR (SELECT source FROM candle_day WHERE candle_day.instrument_id = instrument.id ORDER BY open_time DESC LIMIT 1)
        = :source)"""
"""Whether a source has said quotes, or the newest day, of the instrument."""


class Instruments:
    """The InstrumentStore on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_instrument(self, listing: Listing) -> Instrument:
        """See `InstrumentStore.list_instrument`."""
        query = select(instrument).where(instrument.c.key == str(listing.key))
        found = await self._rows(query)
        if not found:
            async with self._database.transaction() as driver:
                await add(driver, [listing])
            found = await self._rows(query)
        return instrument_of(found[0])

    async def refresh_listings(self, listings: Sequence[Listing]) -> Listed:
        """See `InstrumentStore.refresh_listings`. Of several listings of one instrument the last one counts."""
        async with self._database.transaction() as driver:
            return await refresh(driver, listings)

    async def choose_tape(self, instrument_id: InstrumentId, tape: Tape) -> Instrument:
        """See `InstrumentStore.choose_tape`. Under the instrument's lock, so that no trade comes in between."""
        untraded = ~exists().where(candle_span.c.instrument_id == instrument_id, candle_span.c.origin == 0)
        locked = select(instrument_version).where(instrument_version.c.instrument_id == instrument_id)
        async with self._database.core() as connection:
            await connection.execute(locked.with_for_update())
            change = update(instrument).where(instrument.c.id == instrument_id, untraded).values(tape=tape.value)
            await connection.execute(change)
            [found] = await _fetch(connection, select(instrument).where(instrument.c.id == instrument_id))
        return instrument_of(found)

    async def by_keys(self, keys: Sequence[InstrumentKey]) -> Mapping[InstrumentKey, Instrument]:
        """See `InstrumentStore.by_keys`."""
        rows = await self._found("SELECT * FROM instrument WHERE key = ANY($1)", [str(key) for key in keys])
        return {found.key: found for found in map(instrument_of, rows)}

    async def by_todays_symbols(self, venue_code: str, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """See `InstrumentStore.by_todays_symbols`."""
        joined = instrument.join(venue, venue.c.id == instrument.c.venue_id)
        named = (venue.c.code == venue_code, instrument.c.symbol.in_(symbols))
        rows = await self._rows(select(instrument).select_from(joined).where(*named))
        return {found.symbol: found for found in map(instrument_of, rows)}

    async def by_ids(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Instrument]:
        """See `InstrumentStore.by_ids`."""
        rows = await self._found("SELECT * FROM instrument WHERE id = ANY($1)", ids)
        return {found.id: found for found in map(instrument_of, rows)}

    async def assets_by_ids(self, ids: Sequence[AssetId]) -> Mapping[AssetId, Asset]:
        """See `InstrumentStore.assets_by_ids`."""
        rows = await self._found("SELECT * FROM asset WHERE id = ANY($1)", ids)
        return {found.id: found for found in map(asset_of, rows)}

    async def venues_by_ids(self, ids: Sequence[VenueId]) -> Mapping[VenueId, Venue]:
        """See `InstrumentStore.venues_by_ids`."""
        rows = await self._found("SELECT * FROM venue WHERE id = ANY($1)", ids)
        return {VenueId(row["id"]): Venue(VenueId(row["id"]), row["code"], row["name"]) for row in rows}

    async def symbols(self, instrument_id: InstrumentId, window: Window) -> frozenset[str]:
        """See `InstrumentStore.symbols`."""
        rows = await self._rows(
            select(symbol_alias.c.symbol).where(
                symbol_alias.c.instrument_id == instrument_id,
                symbol_alias.c.valid_from < window.end,
                symbol_alias.c.valid_to > window.start,
            )
        )
        return frozenset(row["symbol"] for row in rows)

    async def by_symbols(self, venue_code: str, symbols: Sequence[str]) -> Mapping[str, Sequence[SymbolUse]]:
        """See `InstrumentStore.by_symbols`."""
        joined = symbol_alias.join(instrument).join(venue, venue.c.id == instrument.c.venue_id)
        query = (
            select(
                instrument, symbol_alias.c.symbol.label("spelling"), symbol_alias.c.valid_from, symbol_alias.c.valid_to
            )
            .select_from(joined)
            .where(venue.c.code == venue_code, symbol_alias.c.symbol.in_(symbols))
            .order_by(symbol_alias.c.valid_from, instrument.c.id)
        )
        found: dict[str, list[SymbolUse]] = {}
        for row in await self._rows(query):
            use = SymbolUse(instrument_of(row), _finite(row["valid_from"]), _finite(row["valid_to"]))
            found.setdefault(row["spelling"], []).append(use)
        return found

    async def instruments(
        self,
        where: InstrumentFilter,
        first: int,
        after: InstrumentKey | None,
        before: InstrumentKey | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Instrument]:
        """See `InstrumentStore.instruments`. `backwards`: the last so many instead."""
        joined = (
            instrument.join(venue, venue.c.id == instrument.c.venue_id)
            .join(_BASE, _BASE.c.id == instrument.c.base_id)
            .join(_QUOTE, _QUOTE.c.id == instrument.c.quote_id)
        )
        query = select(instrument).select_from(joined).where(*_matching(where))
        if after is not None:
            query = query.where(instrument.c.key > str(after))
        if before is not None:
            query = query.where(instrument.c.key < str(before))
        rows = await self._rows(query.order_by(*_ordered(backwards, instrument.c.key)).limit(first + 1))
        return _page([instrument_of(row) for row in rows], first, backwards=backwards)

    async def assets(
        self,
        where: AssetFilter,
        first: int,
        after: tuple[str, AssetClass] | None,
        before: tuple[str, AssetClass] | None = None,
        *,
        backwards: bool = False,
    ) -> Page[Asset]:
        """See `InstrumentStore.assets`. `backwards`: the last so many instead."""
        query = select(asset)
        if where.asset_class is not None:
            query = query.where(asset.c.asset_class == where.asset_class.value)
        if where.search is not None:
            query = query.where(_contains(where.search, asset.c.code, asset.c.name))
        if after is not None:
            query = query.where(tuple_(asset.c.code, asset.c.asset_class) > tuple_(after[0], after[1].value))
        if before is not None:
            query = query.where(tuple_(asset.c.code, asset.c.asset_class) < tuple_(before[0], before[1].value))
        order = _ordered(backwards, asset.c.code, asset.c.asset_class)
        rows = await self._rows(query.order_by(*order).limit(first + 1))
        return _page([asset_of(row) for row in rows], first, backwards=backwards)

    async def _found(self, statement: str, keys: Sequence[object]) -> Sequence[asyncpg.Record]:
        """What nearly every request looks up: without what SQLAlchemy makes of a statement, which takes longer."""
        return await self._database.fetch(statement, keys)

    async def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        async with self._database.core() as connection:
            return await _fetch(connection, query)


async def _fetch(connection: AsyncConnection, query: Select[Any]) -> Sequence[RowMapping]:
    rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
    return rows


def _matching(where: InstrumentFilter) -> list[ColumnElement[bool]]:
    tests: list[ColumnElement[bool]] = []
    if where.venue is not None:
        tests.append(venue.c.code == where.venue)
    if where.base is not None:
        tests.append(_BASE.c.code == where.base)
    if where.quote is not None:
        tests.append(_QUOTE.c.code == where.quote)
    if where.asset_class is not None:
        tests.append(instrument.c.asset_class == where.asset_class.value)
    if where.active is not None:
        trading = instrument.c.status == InstrumentStatus.TRADING.value
        tests.append(trading if where.active else ~trading)
    if where.source is not None:
        tests.append(or_(venue.c.code == where.source, text(_SAID).bindparams(source=where.source)))
    if where.search is not None:
        tests.append(_contains(where.search, instrument.c.key, instrument.c.symbol, _BASE.c.name, _QUOTE.c.name))
    return tests


def _ordered(backwards: bool, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.desc() if backwards else column for column in columns]


def _page[Row](rows: list[Row], first: int, *, backwards: bool) -> Page[Row]:
    """The rows in the list's order, of which one more was read than fit."""
    kept = rows[:first]
    return Page(kept[::-1] if backwards else kept, more=len(rows) > first)


def _contains(search: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(*(column.icontains(search, autoescape=True) for column in columns))


def instrument_of(row: RowMapping | asyncpg.Record) -> Instrument:
    return Instrument(
        id=InstrumentId(row["id"]),
        key=InstrumentKey.parse(row["key"]),
        symbol=row["symbol"],
        venue_id=VenueId(row["venue_id"]),
        base_id=AssetId(row["base_id"]),
        quote_id=AssetId(row["quote_id"]),
        asset_class=AssetClass(row["asset_class"]),
        tape=Tape(row["tape"]),
        status=InstrumentStatus(row["status"]),
        tick_size=row["tick_size"],
        lot_size=row["lot_size"],
        retention_floor=row["retention_floor"],
    )


def _finite(moment: datetime) -> datetime | None:
    """None for the infinities, which the driver gives without a time zone."""
    return None if moment.tzinfo is None else moment


def asset_of(row: RowMapping | asyncpg.Record) -> Asset:
    return Asset(AssetId(row["id"]), row["code"], AssetClass(row["asset_class"]), row["name"])

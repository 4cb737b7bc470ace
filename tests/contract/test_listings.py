"""The contract of listings: thousands at once, new ones made, known ones kept up to date."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from candlewick.domain.market import AssetClass, InstrumentKey, InstrumentStatus, Tape
from candlewick.domain.page import InstrumentFilter
from candlewick.domain.time import Window
from candlewick.ports import Listed, Listing
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from working import unique


async def test_instruments_of_a_source_are_its_venues_and_those_that_it_speaks_of(database: Database) -> None:
    store, name = Instruments(database), unique("s").replace("-", "")
    own, quoted, daily, other = (
        listing(unique("N"), key=InstrumentKey(venue, unique("B").replace("-", ""), "USDT"))
        for venue in (name, "x", "x", "x")
    )
    found = [await store.list_instrument(each) for each in (own, quoted, daily, other)]
    async with database.transaction() as driver:
        await driver.execute(
            "INSERT INTO quote_span (instrument_id, source, first_ts, last_ts, last_seen) "
            "VALUES ($1, $2, now(), now(), now())", found[1].id, name,
        )  # fmt: skip
        await driver.execute(
            "INSERT INTO candle_day (instrument_id, open_time, source, open, high, low, close, version) "
            "VALUES ($1, now(), $2, 1, 1, 1, 1, 1)", found[2].id, name,
        )  # fmt: skip
    page = await store.instruments(InstrumentFilter(source=name), 10, None)
    assert {each.key for each in page.rows} == {own.key, quoted.key, daily.key}


def listing(base: str, **fields: object) -> Listing:
    key = InstrumentKey("lister", base.replace("-", ""), "USDT")
    made = Listing(key, f"{key.base}USDT", Tape.TRADES, AssetClass.CRYPTO, AssetClass.CRYPTO, "Lister")
    return replace(made, **fields)  # type: ignore[arg-type]


async def test_new_listings_are_made_with_what_they_say(database: Database) -> None:
    new = listing(unique("N"), status=InstrumentStatus.HALTED, tick_size=Decimal("0.01"), lot_size=Decimal("0.5"))
    store = Instruments(database)
    assert await store.refresh_listings([new]) == Listed(added=1)
    found = (await store.by_keys([new.key]))[new.key]
    assert (found.symbol, found.tape, found.status) == (new.symbol, Tape.TRADES, InstrumentStatus.HALTED)
    assert (found.tick_size, found.lot_size) == (Decimal("0.01"), Decimal("0.5"))
    assert found == await store.list_instrument(new)
    assert [venue.name for venue in (await store.venues_by_ids([found.venue_id])).values()] == ["Lister"]
    assets = await store.assets_by_ids([found.base_id, found.quote_id])
    assert (assets[found.base_id].code, assets[found.quote_id].code) == (new.key.base, "USDT")


async def test_a_listing_that_says_nothing_new_changes_nothing(database: Database) -> None:
    new = listing(unique("N"), status=InstrumentStatus.TRADING, tick_size=Decimal("0.01"))
    store = Instruments(database)
    await store.refresh_listings([new])
    before = await store.by_keys([new.key])
    silent = replace(new, status=None, tick_size=None)
    for repeated in (new, silent):
        assert await store.refresh_listings([repeated]) == Listed(unchanged=1)
    assert await store.by_keys([new.key]) == before


async def test_status_tick_and_lot_are_taken_over_and_the_tape_is_not(database: Database) -> None:
    new = listing(unique("N"))
    store = Instruments(database)
    await store.refresh_listings([new])
    changed = replace(
        new, status=InstrumentStatus.DELISTED, tick_size=Decimal(1), lot_size=Decimal(2), tape=Tape.AGGREGATED
    )
    assert await store.refresh_listings([changed]) == Listed(changed=1)
    found = (await store.by_keys([new.key]))[new.key]
    assert (found.status, found.tick_size, found.lot_size) == (InstrumentStatus.DELISTED, Decimal(1), Decimal(2))
    assert found.tape is Tape.TRADES


async def test_a_new_symbol_leaves_the_former_one_as_a_dated_alias(database: Database) -> None:
    new = listing(unique("N"))
    store = Instruments(database)
    await store.refresh_listings([new])
    instrument = (await store.by_keys([new.key]))[new.key]
    for symbol in ("LUNA", "LUNC", "LUNA"):
        await store.refresh_listings([replace(new, symbol=symbol)])
    assert (await store.by_keys([new.key]))[new.key].symbol == "LUNA"
    past, future = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)
    assert await store.symbols(instrument.id, Window(past, past + timedelta(days=1))) == {new.symbol}
    assert await store.symbols(instrument.id, Window(past, future)) == {new.symbol, "LUNA", "LUNC"}
    assert await store.symbols(instrument.id, Window(future, future + timedelta(days=1))) == {"LUNA"}


async def test_thousands_are_listed_at_once(database: Database) -> None:
    prefix = unique("MANY")
    many = [listing(f"{prefix}X{number}") for number in range(3_600)]
    store = Instruments(database)
    assert await store.refresh_listings(many) == Listed(added=3_600)
    halved = [replace(one, status=InstrumentStatus.HALTED) for one in many[::2]]
    assert await store.refresh_listings([*many[1::2], *halved]) == Listed(changed=1_800, unchanged=1_800)


async def test_nothing_listed_is_nothing_done(database: Database) -> None:
    assert await Instruments(database).refresh_listings([]) == Listed()


async def test_of_several_listings_of_one_instrument_the_last_one_counts(database: Database) -> None:
    new = listing(unique("N"))
    store = Instruments(database)
    assert await store.refresh_listings([replace(new, symbol="A"), new]) == Listed(added=1)
    assert (await store.by_keys([new.key]))[new.key].symbol == new.symbol


async def test_an_asset_gets_its_name_from_whoever_says_it_first(database: Database) -> None:
    silent = listing(unique("N"))
    store = Instruments(database)
    await store.refresh_listings([silent])
    found = (await store.by_keys([silent.key]))[silent.key]

    async def name() -> str | None:
        return (await store.assets_by_ids([found.base_id]))[found.base_id].name

    assert await name() is None
    await store.refresh_listings([replace(silent, base_name="Bitcoin")])
    assert await name() == "Bitcoin"
    await store.refresh_listings([replace(silent, base_name="Bitcoin (BTC)"), listing(unique("N"), base_name="Other")])
    assert await name() == "Bitcoin"


async def test_instruments_are_found_by_what_their_venue_calls_them_today(database: Database) -> None:
    known, renamed = listing(unique("N")), listing(unique("N"))
    store = Instruments(database)
    await store.refresh_listings([known, renamed])
    await store.refresh_listings([replace(renamed, symbol="NEWNAME")])
    asked = [known.symbol, renamed.symbol, "NEWNAME", "NOBODY"]

    found = await store.by_todays_symbols("lister", asked)

    assert {symbol: each.key for symbol, each in found.items()} == {known.symbol: known.key, "NEWNAME": renamed.key}
    assert await store.by_todays_symbols("elsewhere", asked) == {}

"""The contract of what prices are made from: the last that each source said up to a moment, whatever it is kept as."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from candlewick.domain.candle import MinuteCandle
from candlewick.domain.day import DayCandle, DayLines
from candlewick.domain.market import AssetClass, Instrument, Side, Trade
from candlewick.domain.price import Observation, PriceBasis
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.ports import DayDelivery, QuoteDelivery, Sight
from candlewick.storage.candles import Candles
from candlewick.storage.days import Days
from candlewick.storage.engine import Database
from candlewick.storage.prices import Prices
from candlewick.storage.quotes import Quotes
from candlewick.storage.trades import Trades
from markets import LATER, FrozenClock, delivery, new_instrument

NOON = datetime(2025, 11, 10, 12, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


async def seen(database: Database, instrument: Instrument, upto: datetime) -> Sequence[Observation]:
    sight = Sight.of(instrument, upto)
    return (await Prices(database).last_seen({sight})).get(sight, ())


async def traded(database: Database, instrument: Instrument, *at: tuple[datetime, str]) -> None:
    trades = [Trade(n, Decimal(price), Decimal(1), Side.BUY, ts) for n, (ts, price) in enumerate(at)]
    await Trades(database).insert(delivery(instrument, trades))


async def quoted(database: Database, instrument: Instrument, *quotes: Quote, source: str = "test") -> None:
    for quote in quotes:
        await Quotes(database).put(QuoteDelivery(instrument, source, QuoteLines([quote]), LATER))


async def test_of_trades_the_last_one_up_to_the_moment_counts(database: Database) -> None:
    instrument = await new_instrument(database)
    times = [NOON, NOON + 10 * SECOND, NOON + 20 * SECOND, NOON + 3 * MINUTE, NOON + 90 * DAY]
    await traded(database, instrument, *((ts, str(n + 1)) for n, ts in enumerate(times)))
    for moment, at, price in (
        (NOON, NOON, "1"),
        (NOON + 19 * SECOND, NOON + 10 * SECOND, "2"),
        (NOON + 2 * MINUTE, NOON + 20 * SECOND, "3"),
        (NOON + 3 * MINUTE - SECOND, NOON + 20 * SECOND, "3"),
        (NOON + 3 * MINUTE, NOON + 3 * MINUTE, "4"),
        (NOON + 89 * DAY, NOON + 3 * MINUTE, "4"),
        (NOON + 91 * DAY, NOON + 90 * DAY, "5"),
    ):
        assert await seen(database, instrument, moment) == [
            Observation("test", Decimal(price), at, PriceBasis.TRADE)
        ], moment
    assert await seen(database, instrument, NOON - SECOND) == ()


async def test_where_all_trades_of_a_minute_come_later_the_minute_before_counts(database: Database) -> None:
    instrument = await new_instrument(database)
    await traded(database, instrument, (NOON - DAY, "7"), (NOON + 30 * SECOND, "9"))
    [found] = await seen(database, instrument, NOON + 20 * SECOND)
    assert (found.price, found.ts) == (Decimal(7), NOON - DAY)


async def test_where_trades_are_no_longer_kept_a_closed_minute_counts(database: Database) -> None:
    instrument = await new_instrument(database)
    await traded(database, instrument, (NOON, "7"), (NOON + 5 * MINUTE, "9"))
    async with database.driver() as driver:
        await driver.execute("DELETE FROM trade WHERE instrument_id = $1", instrument.id)
    expected = Observation("test", Decimal(7), NOON + MINUTE, PriceBasis.CANDLE)
    assert await seen(database, instrument, NOON + 5 * MINUTE + 59 * SECOND) == [expected]
    assert await seen(database, instrument, NOON + 59 * SECOND) == ()
    [found] = await seen(database, instrument, NOON + 6 * MINUTE)
    assert found.price == 9


async def test_the_venues_own_minutes_count_when_they_are_over(database: Database) -> None:
    instrument = await new_instrument(database)
    one = Decimal(1)
    candles = [MinuteCandle(NOON + n * MINUTE, one, one + n, one, one + n, one, None, None, None, None) for n in (0, 1)]
    await Candles(database, FrozenClock()).put_published(instrument, candles, received_at=LATER)
    assert await seen(database, instrument, NOON + MINUTE - SECOND) == ()
    for moment, price in ((NOON + MINUTE, 1), (NOON + 2 * MINUTE - SECOND, 1), (NOON + 2 * MINUTE, 2)):
        [found] = await seen(database, instrument, moment)
        assert (found.price, found.basis) == (Decimal(price), PriceBasis.CANDLE)


async def test_a_day_counts_when_it_is_over(database: Database) -> None:
    instrument = await new_instrument(database)
    days = [DayCandle(date(2025, 11, 7 + n), *[Decimal(n + 1)] * 4) for n in (0, 3)]
    await Days(database).put(DayDelivery(instrument, "paper", DayLines(days), LATER))
    friday, monday = days[0].open_time, days[1].open_time
    assert await seen(database, instrument, friday + DAY - SECOND) == ()
    assert await seen(database, instrument, monday + DAY - SECOND) == [
        Observation("paper", Decimal(1), friday + DAY, PriceBasis.DAY)
    ]
    [found] = await seen(database, instrument, LATER)
    assert (found.price, found.ts) == (Decimal(4), monday + DAY)


async def test_a_quote_holds_for_as_long_as_its_source_says_the_same(database: Database) -> None:
    instrument = await new_instrument(database)
    await quoted(database, instrument, *(Quote(NOON + n * 10 * DAY, Decimal(5)) for n in range(4)))
    for moment, ts in ((NOON, NOON), (NOON + 15 * DAY, NOON + 15 * DAY), (NOON + 40 * DAY, NOON + 30 * DAY)):
        assert await seen(database, instrument, moment) == [Observation("test", Decimal(5), ts, PriceBasis.QUOTE)]


async def test_a_quote_without_a_price_is_the_middle_of_bid_and_ask(database: Database) -> None:
    instrument = await new_instrument(database)
    await quoted(
        database, instrument,
        Quote(NOON, bid=Decimal("1.1"), ask=Decimal("1.2"), volume_24h=Decimal(77)),
        Quote(NOON + MINUTE, market_cap=Decimal(9)),
        Quote(NOON + 2 * MINUTE, bid=Decimal(3), ask=Decimal(2)),
    )  # fmt: skip
    expected = Observation("test", Decimal("1.15"), NOON, PriceBasis.QUOTE, volume=Decimal(77))
    assert await seen(database, instrument, NOON + MINUTE) == [expected]
    [found] = await seen(database, instrument, NOON + 2 * MINUTE)
    assert found.crossed


async def test_each_source_says_its_own_and_of_one_source_the_newest_counts(database: Database) -> None:
    instrument = await new_instrument(database)
    await traded(database, instrument, (NOON, "10"))
    await quoted(database, instrument, Quote(NOON - MINUTE, Decimal(11), volume_24h=Decimal(3)))
    await quoted(database, instrument, Quote(NOON + MINUTE, Decimal(12)), source="other")
    found = sorted(await seen(database, instrument, NOON + DAY), key=lambda each: each.source)
    assert [(each.source, each.price, each.basis, each.volume) for each in found] == [
        ("other", Decimal(12), PriceBasis.QUOTE, None), ("test", Decimal(10), PriceBasis.TRADE, Decimal(3)),
    ]  # fmt: skip
    await quoted(database, instrument, Quote(NOON, Decimal(13)))
    [found_at_noon] = await seen(database, instrument, NOON)
    assert found_at_noon.basis is PriceBasis.TRADE  # of what is equally new


async def test_many_instruments_and_moments_are_looked_at_together(database: Database) -> None:
    one, other, silent = [await new_instrument(database) for _ in range(3)]
    await traded(database, one, (NOON, "1"), (NOON + DAY, "2"))
    await quoted(database, other, Quote(NOON, Decimal(3)))
    sights = {Sight.of(each, moment) for each in (one, other, silent) for moment in (NOON, NOON + DAY)}
    found = await Prices(database).last_seen(sights)
    assert {(each.instrument_id, each.upto): [seen.price for seen in rows] for each, rows in found.items()} == {
        (one.id, NOON): [1], (one.id, NOON + DAY): [2], (other.id, NOON): [3], (other.id, NOON + DAY): [3],
    }  # fmt: skip


async def test_assets_are_found_by_code_and_markets_by_both_of_their_assets(database: Database) -> None:
    instrument, _ = await new_instrument(database), await new_instrument(database)
    store = Prices(database)
    found = await store.assets({instrument.key.base, "USD", "nobody lists that"})
    assert {(each.code, each.asset_class) for each in found} == {
        (instrument.key.base, AssetClass.CRYPTO), ("USD", AssetClass.FIAT)
    }  # fmt: skip
    assert await store.markets({each.id for each in found}) == [instrument]
    assert await store.markets({instrument.base_id}) == []

"""The contract of whole markets: what moved, what was traded, what sources say of their size."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import DayCandle, DayLines
from candlewick.domain.market import AssetClass, Instrument, InstrumentKey, InstrumentStatus, Side, Tape, Trade
from candlewick.domain.market_stats import MarketFigures
from candlewick.domain.movers import Move, Traded, Universe
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.time import Window
from candlewick.ports import DayDelivery, Listing, QuoteDelivery
from candlewick.storage.candles import Candles
from candlewick.storage.days import Days
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.markets import MarketViews
from candlewick.storage.quotes import Quotes
from candlewick.storage.trades import Trades
from markets import LATER, FrozenClock, delivery

NOON = datetime(2025, 11, 10, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TODAY = Window(NOON - DAY, NOON)
_NUMBER = count(1)


def new_venue() -> str:
    return f"moving{next(_NUMBER)}"


async def listed(
    database: Database, venue: str, base: str, quote: str = "USD", status: InstrumentStatus | None = None
) -> Instrument:
    listing = Listing(
        InstrumentKey(venue, base, quote), base, Tape.TRADES, AssetClass.CRYPTO, AssetClass.FIAT, venue, status=status
    )
    await Instruments(database).refresh_listings([listing])
    return (await Instruments(database).by_keys([listing.key]))[listing.key]


async def traded(database: Database, instrument: Instrument, *rows: tuple[datetime, str, str]) -> None:
    trades = [Trade(n, Decimal(price), Decimal(size), Side.BUY, ts) for n, (ts, price, size) in enumerate(rows)]
    await Trades(database).insert(delivery(instrument, trades))


def a_day(day: int) -> DayCandle:
    """At the price of its number."""
    price = Decimal(day)
    return DayCandle(date(2025, 11, day), price, price, price, price, Decimal(1000))


async def moves_of(database: Database, venue: str, window: Window = TODAY) -> Sequence[Move]:
    return await MarketViews(database).moves(Universe(venue=venue), window)


async def test_a_move_goes_from_the_price_before_the_window_to_the_last_in_it(database: Database) -> None:
    venue = new_venue()
    instrument = await listed(database, venue, "A")
    await traded(
        database, instrument, (NOON - 2 * DAY, "90", "1"), (NOON - DAY - HOUR, "100", "1"),
        (NOON - DAY, "105", "1"), (NOON - HOUR, "150", "1"), (NOON, "999", "1"),
    )  # fmt: skip
    expected = Move(
        instrument, CandleOrigin.TRADES, days=False, former=Decimal(100), former_at=NOON - DAY - HOUR + MINUTE,
        last=Decimal(150), last_at=NOON - HOUR,
    )  # fmt: skip
    assert await moves_of(database, venue) == [expected]
    assert expected.ratio == Decimal("1.5")


async def test_what_is_new_moves_from_its_first_price(database: Database) -> None:
    venue = new_venue()
    await traded(database, await listed(database, venue, "A"), (NOON - 3 * HOUR, "2", "1"), (NOON - 2 * HOUR, "3", "1"))
    [move] = await moves_of(database, venue)
    assert (move.former, move.former_at, move.last) == (Decimal(2), NOON - 3 * HOUR, Decimal(3))


async def test_what_was_silent_or_is_not_traded_today_does_not_move(database: Database) -> None:
    venue = new_venue()
    await traded(database, await listed(database, venue, "OLD"), (NOON - 2 * DAY, "2", "1"))
    await traded(database, await listed(database, venue, "NEWER"), (NOON + MINUTE, "2", "1"))
    gone = await listed(database, venue, "GONE", status=InstrumentStatus.DELISTED)
    await traded(database, gone, (NOON - HOUR, "2", "1"))
    assert await moves_of(database, venue) == []


async def test_of_trades_and_quotes_the_trades_say_the_price(database: Database) -> None:
    venue = new_venue()
    both, quoted = await listed(database, venue, "BOTH"), await listed(database, venue, "QUOTED")
    await traded(database, both, (NOON - HOUR, "2", "1"))
    for instrument in (both, quoted):
        lines = QuoteLines([Quote(NOON - 2 * HOUR, Decimal(7)), Quote(NOON - HOUR, Decimal(8))])
        await Quotes(database).put(QuoteDelivery(instrument, "test", lines, LATER))
    found = {move.instrument.key.base: move for move in await moves_of(database, venue)}
    assert (found["BOTH"].origin, found["BOTH"].last) == (CandleOrigin.TRADES, Decimal(2))
    assert (found["QUOTED"].origin, found["QUOTED"].former, found["QUOTED"].last) == (
        CandleOrigin.QUOTES, Decimal(7), Decimal(8)
    )  # fmt: skip


async def test_shares_move_from_close_to_close(database: Database) -> None:
    venue = new_venue()
    instrument = await listed(database, venue, "SHARE")
    days = [a_day(day) for day in (6, 7, 9, 10)]
    await Days(database).put(DayDelivery(instrument, "paper", DayLines(days), LATER))
    [move] = await moves_of(database, venue)
    assert (move.days, move.former, move.last, move.last_at) == (True, Decimal(7), Decimal(9), NOON - HOUR * 12)
    view = MarketViews(database)
    assert await view.traded([move], TODAY) == {instrument.id: Traded(Decimal(1000), None)}
    [week] = await moves_of(database, venue, Window(NOON - 7 * DAY, NOON))
    assert await view.traded([week], Window(NOON - 7 * DAY, NOON)) == {instrument.id: Traded(Decimal(3000), None)}


async def test_a_universe_is_narrowed_by_venue_class_and_quote(database: Database) -> None:
    venue = new_venue()
    for quote in ("USD", "EUR"):
        await traded(database, await listed(database, venue, "A", quote), (NOON - HOUR, "2", "1"))
    view = MarketViews(database)
    for universe, expected in (
        (Universe(venue=venue), {"USD", "EUR"}),
        (Universe(AssetClass.CRYPTO, venue, "EUR"), {"EUR"}),
        (Universe(AssetClass.EQUITY, venue), set()),
        (Universe(venue=venue, quote="XXX"), set()),
    ):
        assert {move.instrument.key.quote for move in await view.moves(universe, TODAY)} == expected


@pytest.mark.parametrize("settled", [False, True])
async def test_what_was_traded_is_the_sum_whatever_the_window_and_the_state_of_the_tree(
    database: Database, settled: bool
) -> None:
    venue = new_venue()
    instrument = await listed(database, venue, "A")
    rows = [(NOON + n * timedelta(minutes=7, seconds=13), str(n % 5 + 1), str(n + 1)) for n in range(600)]
    await traded(database, instrument, *rows)
    if settled:
        await Candles(database, FrozenClock()).settle()
        await traded_late(database, instrument)
        rows.append((NOON + 26 * HOUR, "9", "1000000"))
    for start, end in ((0, 3), (-30, 17), (5, 24 * 60), (61, 24 * 60 + 7), (-1, 3 * 24 * 60), (24 * 60, 25 * 60)):
        window = Window(NOON + start * MINUTE, NOON + end * MINUTE)
        inside = [(Decimal(price), Decimal(size)) for ts, price, size in rows if window.start <= ts < window.end]
        [move] = await moves_of(database, venue, window)
        found = await MarketViews(database).traded([move], window)
        volume, paid = Decimal(0), Decimal(0)
        for price, size in inside:
            volume, paid = volume + size, paid + price * size
        assert found == {instrument.id: Traded(volume, paid)}, window


async def traded_late(database: Database, instrument: Instrument) -> None:
    trade = Trade(10_000, Decimal(9), Decimal(1_000_000), Side.BUY, NOON + 26 * HOUR)
    await Trades(database).insert(delivery(instrument, [trade]))


async def test_a_source_says_how_large_a_market_is(database: Database) -> None:
    venue, currency = new_venue(), f"CUR{next(_NUMBER)}"
    said = {
        "A": Quote(LATER - HOUR, Decimal(10), market_cap=Decimal(900), volume_24h=Decimal(50), change_24h=Decimal(1)),
        "B": Quote(LATER - MINUTE, Decimal(5), market_cap=Decimal(100), change_24h=Decimal(-2)),
        "C": Quote(LATER - MINUTE, Decimal(7)),
        "D": Quote(LATER - 2 * DAY, Decimal(7), market_cap=Decimal(1)),
        "E": Quote(LATER - MINUTE, market_cap=Decimal(3), change_24h=Decimal(0)),
    }
    for base, quote in said.items():
        instrument = await listed(database, venue, base, currency)
        await Quotes(database).put(QuoteDelivery(instrument, "one", QuoteLines([quote]), LATER))
    other = QuoteDelivery(
        await listed(database, venue, "A", currency), "other",
        QuoteLines([Quote(LATER, Decimal(11), market_cap=Decimal(901))]), LATER,
    )  # fmt: skip
    await Quotes(database).put(other)
    quote_id = (await listed(database, venue, "A", currency)).quote_id
    found = await MarketViews(database).figures(quote_id, AssetClass.CRYPTO, LATER - DAY)
    assert sorted(found, key=lambda each: each.source) == [
        MarketFigures(
            "one", 3, Decimal(1003), Decimal(50), Decimal(15), 2, 1, 1, oldest=LATER - HOUR, newest=LATER - MINUTE
        ),
        MarketFigures("other", 1, Decimal(901), Decimal(0), Decimal(11), 1, 0, 0, oldest=LATER, newest=LATER),
    ]
    assert await MarketViews(database).figures(quote_id, AssetClass.EQUITY, LATER - DAY) == []

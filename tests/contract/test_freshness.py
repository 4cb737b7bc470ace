"""The contract of freshness: the newest of each kind, of many instruments at once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from candlewick.domain.freshness import Freshness
from candlewick.domain.market import Side, Trade
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.ports import QuoteDelivery
from candlewick.storage.engine import Database
from candlewick.storage.freshness import FreshnessReads
from candlewick.storage.quotes import Quotes
from candlewick.storage.trades import Trades
from markets import LATER, delivery, new_instrument

TRADED = LATER - timedelta(hours=3, seconds=7)
QUOTED = LATER - timedelta(seconds=11)


async def test_trades_and_quotes_each_say_how_new_they_are(database: Database) -> None:
    traded, quoted, silent = [await new_instrument(database, prefix="FRESH") for _ in range(3)]
    trades = [Trade(n, Decimal(1), Decimal(1), Side.BUY, TRADED - timedelta(minutes=n)) for n in range(3)]
    await Trades(database).insert(delivery(traded, trades))
    lines = QuoteLines([Quote(QUOTED, Decimal(2)), Quote(QUOTED - timedelta(days=40), Decimal(3))])
    for instrument in (traded, quoted):
        await Quotes(database).put(QuoteDelivery(instrument, "test", lines, LATER))
    found = await FreshnessReads(database).read([traded.id, quoted.id, silent.id])
    minute = QUOTED.replace(second=0, microsecond=0)
    assert found[traded.id] == Freshness(TRADED, QUOTED, minute)
    assert found[quoted.id] == Freshness(None, QUOTED, minute)
    assert found[silent.id] == Freshness()
    assert found[traded.id].lag(LATER) == timedelta(seconds=11)
    assert found[silent.id].lag(LATER) is None


async def test_a_price_that_stays_the_same_is_as_fresh_as_it_was_seen_last(database: Database) -> None:
    instrument, store = await new_instrument(database, prefix="FRESH"), Quotes(database)
    for ago in (timedelta(hours=2), timedelta(hours=1), timedelta(0), timedelta(minutes=90)):
        lines = QuoteLines([Quote(QUOTED - ago, Decimal(2))])
        await store.put(QuoteDelivery(instrument, "test", lines, LATER))
    found = (await FreshnessReads(database).read([instrument.id]))[instrument.id]
    assert found.newest_quote == QUOTED
    assert (await store.latest([instrument.id]))[instrument.id].ts == QUOTED - timedelta(hours=2)


async def test_gaps_that_may_be_repaired_and_the_watermark_are_told(database: Database) -> None:
    instrument = await new_instrument(database, prefix="FRESH")
    async with database.driver() as driver:
        for state in ("OPEN", "REPAIRING", "REPAIRED", "UNREPAIRABLE"):
            await driver.execute(
                "INSERT INTO gap (instrument_id, source, evidence, state, start_time, end_time) "
                "VALUES ($1, 'test', 'SILENCE', $2, $3, $4)",
                instrument.id, state, TRADED, QUOTED,
            )  # fmt: skip
        await driver.execute(
            "INSERT INTO covered (instrument_id, origin, start_time, end_time) VALUES ($1, 0, $2, $3)",
            instrument.id, TRADED, QUOTED,
        )  # fmt: skip
    found = (await FreshnessReads(database).read([instrument.id]))[instrument.id]
    assert (found.open_gaps, found.covered_until) == (2, QUOTED)

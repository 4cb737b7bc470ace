"""What the database knows of sources, on every edition."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from candlewick.domain.market import AssetClass, InstrumentKey, Side, Tape, Trade
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import DeadLetter, LetterKind, Payload
from candlewick.domain.source import SourceFigures
from candlewick.ports import Listing, QuoteDelivery
from candlewick.storage.dead_letters import DeadLetters
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.quotes import Quotes
from candlewick.storage.raw import RawFiles
from candlewick.storage.source_figures import SourceFigureReads
from candlewick.storage.trades import Trades
from markets import LATER, delivery
from working import unique

MINUTE = timedelta(minutes=1)


def listing(source: str) -> Listing:
    key = InstrumentKey(source, "BTC", "USD")
    return Listing(key, "BTCUSD", Tape.TRADES, AssetClass.CRYPTO, AssetClass.FIAT, "Figures")


async def figures(database: Database, *sources: str) -> dict[str, SourceFigures]:
    return dict(await SourceFigureReads(database).figures(sources))


async def test_of_a_source_that_nobody_asked_nothing_is_known(database: Database) -> None:
    source = unique("nobody").replace("-", "")

    assert await figures(database, source) == {source: SourceFigures()}


async def test_the_newest_trade_is_known_by_its_minute(database: Database) -> None:
    source = unique("traded").replace("-", "")
    instrument = await Instruments(database).list_instrument(listing(source))
    trade = Trade(1, Decimal(1), Decimal(1), Side.BUY, LATER + timedelta(seconds=90))
    await Trades(database).insert(delivery(instrument, [trade]))

    assert (await figures(database, source))[source].newest == LATER + MINUTE


async def test_the_newest_quote_of_a_source_counts_wherever_the_instrument_trades(database: Database) -> None:
    source, other = unique("quoted").replace("-", ""), unique("venue").replace("-", "")
    instrument = await Instruments(database).list_instrument(listing(other))
    lines = QuoteLines([Quote(LATER + timedelta(seconds=7), price=Decimal(1))])
    await Quotes(database).put(QuoteDelivery(instrument, source, lines, LATER))

    same_again = QuoteLines([Quote(LATER + timedelta(seconds=9), price=Decimal(1))])
    await Quotes(database).put(QuoteDelivery(instrument, source, same_again, LATER))

    found = await figures(database, source, other)

    assert (found[source].newest, found[other].newest) == (LATER + timedelta(seconds=9), None)


async def test_payloads_and_dead_letters_are_told(database: Database, tmp_path: Path) -> None:
    source = unique("letters").replace("-", "")
    raw = RawFiles(database, tmp_path)
    for ago in (MINUTE, 2 * MINUTE):
        await raw.keep_payload(Payload(source, "/x", b"", LATER - ago))
    letters = [DeadLetter(source, f"row {number}", LetterKind.INVALID, "odd", "{}") for number in range(3)]
    await DeadLetters(database).keep(letters)

    found = (await figures(database, source))[source]

    assert (found.received_at, found.dead_letters) == (LATER - MINUTE, 3)

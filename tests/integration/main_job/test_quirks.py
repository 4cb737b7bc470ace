"""Oddities of archives that were seen in the wild: nothing of them is lost, and nothing passes in silence."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from binance_files import DAY, EPOCH, write_zip
from candlewick.domain.market import InstrumentKey
from candlewick.domain.page import TradeQuery, TradeRow
from candlewick.ports import Outcome
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.trades import Trades
from importers import importer

_NUMBER = count(1)
MIDNIGHT = DAY + timedelta(days=1)


@pytest.fixture
def key() -> InstrumentKey:
    """An instrument of Binance that no other test knows."""
    return InstrumentKey("binance", f"ODD{next(_NUMBER)}", "USDT")


def line(number: int, moment: datetime, price: str = "61.5", *, aggregated: bool = False) -> str:
    """A line of a trades or an aggregated trades archive."""
    ms = (moment - EPOCH) // timedelta(milliseconds=1)
    return (
        f"{number},{price},2,{number},{number},{ms},True,True" if aggregated else f"{number},{price},2,1,{ms},True,True"
    )


async def stored(database: Database, key: InstrumentKey) -> list[TradeRow]:
    instrument = (await Instruments(database).by_keys([key]))[key]
    return list((await Trades(database).read([instrument.id], TradeQuery(limit=5000)))[instrument.id].rows)


async def letters(database: Database, key: InstrumentKey) -> list[str]:
    async with database.driver() as driver:
        rows = await driver.fetch("SELECT kind, reason FROM dead_letter WHERE subject = $1 ORDER BY id", str(key))
    return [f"{row['kind']}: {row['reason']}" for row in rows]


async def test_the_same_aggregate_id_in_two_day_files_with_different_trades(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    before, after = MIDNIGHT - timedelta(seconds=1), MIDNIGHT + timedelta(seconds=1)
    first = write_zip(
        tmp_path / f"{key.base}USDT-aggTrades-2024-08-08.zip",
        [line(7, before, aggregated=True), line(8, before, aggregated=True)],
    )
    second = write_zip(
        tmp_path / f"{key.base}USDT-aggTrades-2024-08-09.zip",
        [line(8, before, "61.7", aggregated=True), line(7, after, "61.9", aggregated=True)],
    )
    assert (await importer(database, tmp_path).run(first, key)).outcome == Outcome(stored=2)
    assert (await importer(database, tmp_path).run(second, key)).outcome == Outcome(stored=1, dead=1)
    # At another time the same id is another trade; at the same time one of the two cannot be: a letter says why.
    assert [(row.sequence, row.price, row.ts) for row in await stored(database, key)] == [
        (7, "61.5", before), (8, "61.5", before), (7, "61.9", after),
    ]  # fmt: skip
    [reason] = await letters(database, key)
    assert reason.startswith("CLASH: trade 8 is here already as")


async def test_rows_interleaved_and_out_of_order_in_files_split_by_receive_time(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    moments = {number: MIDNIGHT + timedelta(milliseconds=250 * (number - 20)) for number in range(40)}
    split = {"2024-08-08": [3, 1, 0, 2, 21, *range(4, 20)], "2024-08-09": [39, 20, *range(22, 39)]}
    for day, numbers in split.items():
        path = write_zip(
            tmp_path / f"{key.base}USDT-trades-{day}.zip", [line(number, moments[number]) for number in numbers]
        )
        assert (await importer(database, tmp_path).run(path, key)).outcome == Outcome(stored=len(numbers))
    assert [(row.sequence, row.ts) for row in await stored(database, key)] == list(moments.items())


async def test_a_monthly_file_lacks_days_that_the_daily_file_has(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    days = [datetime(2024, 8, day, 12, tzinfo=DAY.tzinfo) for day in (6, 7, 8)]
    month = write_zip(
        tmp_path / f"{key.base}USDT-trades-2024-08.zip", [line(n, day) for n, day in enumerate(days) if n != 1]
    )
    daily = write_zip(tmp_path / f"{key.base}USDT-trades-2024-08-07.zip", [line(1, days[1])])
    assert (await importer(database, tmp_path).run(month, key)).outcome == Outcome(stored=2)
    assert (await importer(database, tmp_path).run(daily, key)).outcome == Outcome(stored=1)
    assert [(row.sequence, row.ts) for row in await stored(database, key)] == list(enumerate(days))

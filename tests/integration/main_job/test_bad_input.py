"""Bad input gets a clear error and loses nothing: files through the import, requests through GraphQL."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from binance_files import candle_line, trade_line, trade_lines, write_csv, write_zip
from candlewick.domain.errors import (
    ChecksumMismatch,
    DamagedFile,
    MislabelledFile,
    TapeMismatch,
    UnknownSymbol,
    UnsupportedInterval,
)
from candlewick.domain.market import InstrumentKey
from candlewick.domain.page import TradeQuery
from candlewick.ports import Outcome
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from candlewick.storage.trades import Trades
from graphql_client import client
from importers import importer

_NUMBER = count(1)


@pytest.fixture
def key() -> InstrumentKey:
    """An instrument of Binance that no other test knows."""
    return InstrumentKey("binance", f"BAD{next(_NUMBER)}", "USDT")


def named(key: InstrumentKey, kind: str = "trades") -> str:
    return f"{key.base}{key.quote}-{kind}-2024-08-08.zip"


async def sequences(database: Database, key: InstrumentKey) -> list[int]:
    found = (await Instruments(database).by_keys([key])).get(key)
    if found is None:
        return []
    page = (await Trades(database).read([found.id], TradeQuery(limit=5000)))[found.id]
    return [row.sequence for row in page.rows]


async def test_a_truncated_zip_is_refused_whole_and_the_good_one_goes_in_after_it(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    good = write_zip(tmp_path / named(key), trade_lines(500))
    whole = good.read_bytes()
    good.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(DamagedFile, match="download it again"):
        await importer(database, tmp_path).run(good, key)
    assert await sequences(database, key) == []
    good.write_bytes(whole)
    assert (await importer(database, tmp_path).run(good, key)).outcome == Outcome(stored=500)


async def test_a_wrong_checksum_is_refused_whole(database: Database, tmp_path: Path, key: InstrumentKey) -> None:
    path = write_zip(tmp_path / named(key), trade_lines(10), checksum=True)
    path.with_name(path.name + ".CHECKSUM").write_text(f"{'0' * 64}  {path.name}\n")
    with pytest.raises(ChecksumMismatch, match="its CHECKSUM says 000"):
        await importer(database, tmp_path).run(path, key)
    assert await sequences(database, key) == []


async def test_bad_rows_become_dead_letters_and_the_rest_goes_in(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    far = str(int(datetime(2024, 8, 8, tzinfo=UTC).timestamp() * 1_000_000) * 1000)
    bad = [
        trade_line(1, price="0.00000000"),
        trade_line(2, size="-1.0"),
        "not,a,trade",
        trade_line(3).replace(trade_line(3).split(",")[4], far),  # nanoseconds: the year 56,571 if read as µs
    ]
    path = write_zip(tmp_path / named(key), [trade_line(0), *bad, trade_line(9)])
    for _ in range(2):
        imported = await importer(database, tmp_path).run(path, key, again=True)
    assert imported.outcome == Outcome(repeated=2, dead=4)
    assert len(await sequences(database, key)) == 2
    async with database.driver() as driver:
        letters = await driver.fetch(
            "SELECT reason, attempts FROM dead_letter WHERE subject = $1 ORDER BY reason", str(key)
        )
    assert [letter["attempts"] for letter in letters] == [2, 2, 2, 2]
    assert [letter["reason"].split(":")[0] for letter in letters] == ["row 2", "row 3", "row 4", "row 5"]


async def test_a_mislabelled_file_cannot_wipe_out_a_day(database: Database, tmp_path: Path, key: InstrumentKey) -> None:
    await importer(database, tmp_path).run(write_zip(tmp_path / named(key), trade_lines(50)), key)
    tomorrow = [trade_line(86_400 + 7_200 + number) for number in range(5)]
    for lines, found in ((tomorrow, "these are of 2024-08-09 02:00"), ([], "it holds none at all")):
        wrong = write_zip(tmp_path / named(key), lines)
        with pytest.raises(MislabelledFile, match=f"2024-08-08 00:00 to 2024-08-09 00:00 UTC, but {found}"):
            await importer(database, tmp_path).run(wrong, key)
    assert len(await sequences(database, key)) == 50


async def test_the_wrong_tape_is_refused_with_what_to_do(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    await importer(database, tmp_path).run(write_zip(tmp_path / named(key), trade_lines(3)), key)
    aggregated = write_zip(tmp_path / named(key, "aggTrades"), ["1,61837.63,0.02,1,1,1723161255342,True,True"])
    with pytest.raises(TapeMismatch, match="Import TRADES data instead"):
        await importer(database, tmp_path).run(aggregated, key)


async def test_candles_that_came_first_leave_the_tape_open(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    klines = write_zip(tmp_path / named(key, "1m"), [candle_line(minute) for minute in range(3)])
    assert (await importer(database, tmp_path).run(klines, key)).outcome == Outcome(stored=3)
    line = "1,61.63,0.02,1,1,1723161255342,True,True"
    aggregated = write_zip(tmp_path / named(key, "aggTrades"), [line])
    assert (await importer(database, tmp_path).run(aggregated, key)).outcome == Outcome(stored=1)


async def test_a_file_of_another_symbol_or_width_is_refused(
    database: Database, tmp_path: Path, key: InstrumentKey
) -> None:
    other = write_zip(tmp_path / "ETHBTC-trades-2024-08-08.zip", trade_lines(3))
    with pytest.raises(UnknownSymbol, match=f"'ETHBTC': it is not {key}"):
        await importer(database, tmp_path).run(other, key)
    hours = write_zip(tmp_path / named(key, "1h"), [candle_line(0, width=3_600_000)])
    with pytest.raises(UnsupportedInterval, match="1m"):
        await importer(database, tmp_path).run(hours, key)
    assert key not in await Instruments(database).by_keys([key])


CANDLES = """
query ($key: String!, $range: TimeRange, $first: Int, $after: String) {
  instrument(key: $key) {
    candles(spec: {interval: M1}, range: $range, first: $first, after: $after) { nodes { close } }
  }
}
"""


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"first": 1_000_000}, "5000"),
        ({"first": -1}, "first"),
        ({"range": {"from": "2024-08-09T00:00:00Z", "to": "2024-08-08T00:00:00Z"}}, "`to` must be after `from`"),
        ({"range": {"from": "2024-08-08T00:00:00", "to": "2024-08-09T00:00:00Z"}}, "zone"),
        ({"range": {"from": "57111-01-01T00:00:00Z", "to": "57112-01-01T00:00:00Z"}}, "DateTime"),
        ({"after": "bm90IG91cnM"}, "cursor"),
        ({"key": "BTCUSDT"}, "venue:BASE-QUOTE"),
    ],
)
async def test_a_faulty_request_says_what_was_wrong(
    database: Database, tmp_path: Path, variables: dict[str, Any], message: str
) -> None:
    key = InstrumentKey("binance", "ASKED", "USDT")
    await importer(database, tmp_path).run(write_csv(tmp_path / "mine.csv", [trade_line(0)]), key)
    async with client(database) as api:
        answer = await api.post("/graphql", json={"query": CANDLES, "variables": {"key": str(key), **variables}})
    for error in answer.json()["errors"]:
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert message in error["message"]


async def test_an_unknown_instrument_is_null_not_an_error(database: Database) -> None:
    async with client(database) as api:
        answer = await api.post("/graphql", json={"query": CANDLES, "variables": {"key": "binance:NO-SUCH"}})
    assert answer.json()["data"] == {"instrument": None}

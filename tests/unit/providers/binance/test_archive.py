"""Archive files from disk: what they are, whether they are whole, and what is refused before a row is read."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binance_files import DAY, NAME, candle_line, read_trades, trade_line, trade_lines, write_csv, write_zip
from candlewick.domain.errors import ChecksumMismatch, DamagedFile, UnknownFormat, UnsupportedInterval
from candlewick.domain.interval import Interval
from candlewick.domain.market import Tape, Trade
from candlewick.domain.time import Window
from candlewick.providers.binance.archive import BinanceArchives
from markets import FrozenClock
from recordings import recording

ARCHIVES = BinanceArchives(FrozenClock(datetime(2026, 1, 1, tzinfo=UTC)), block_bytes=300)
FUTURES = "id,price,qty,quote_qty,time,is_buyer_maker\n1,5,2,10,1723161255342,true"


def trades_of(path: Path, skip: int = 0) -> list[Trade]:
    return [
        trade for block in ARCHIVES.trades(path, ARCHIVES.inspect(path), skip=skip) for trade in block.trades.trades()
    ]


@pytest.mark.parametrize(
    ("name", "tape", "line", "window"),
    [
        (NAME, Tape.TRADES, trade_line(0), Window(DAY, Interval.D1.duration.after(DAY))),
        (
            "BTCUSDT-trades-2024-12.csv",
            Tape.TRADES,
            trade_line(0),
            Window(datetime(2024, 12, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)),
        ),
        ("BTCUSDT-1m-2024-08-08.zip", None, candle_line(0), Window(DAY, Interval.D1.duration.after(DAY))),
        (
            "BTCUSDT-aggTrades-2024-02.csv",
            Tape.AGGREGATED,
            "5,0.1,1,1,2,1498793709153,true,True",
            Window(datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)),
        ),
    ],
)
def test_a_name_says_what_a_file_holds(tmp_path: Path, name: str, tape: Tape | None, line: str, window: Window) -> None:
    write = write_zip if name.endswith(".zip") else write_csv
    contents = ARCHIVES.inspect(write(tmp_path / name, [line]))
    assert (contents.symbol, contents.tape, contents.window, contents.lines) == ("BTCUSDT", tape, window, 1)


@pytest.mark.parametrize(
    ("line", "tape"),
    [(trade_line(0), Tape.TRADES), ("5,0.1,1,1,2,1498793709153,true,True", Tape.AGGREGATED), (candle_line(0), None)],
)
def test_another_name_is_told_by_its_columns(tmp_path: Path, line: str, tape: Tape | None) -> None:
    contents = ARCHIVES.inspect(write_csv(tmp_path / "mine.csv", ["", line]))
    assert (contents.symbol, contents.tape, contents.window, contents.lines) == (None, tape, None, 2)


@pytest.mark.parametrize("name", ["BTCUSDT-5m-2024-08-08.zip", "BTCUSDT-1mo-2024-08.zip", "BTCUSDT-1s-2024-08-08.csv"])
def test_other_intervals_than_a_minute_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsupportedInterval, match="every larger interval is built from them"):
        ARCHIVES.inspect(write_csv(tmp_path / name, [candle_line(0)]))


def test_wider_klines_under_another_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedInterval, match="'300 s'"):
        ARCHIVES.inspect(write_csv(tmp_path / "mine.csv", [candle_line(0, width=300_000)]))


@pytest.mark.parametrize(
    ("name", "text", "because"),
    [
        (NAME.replace(".zip", ".csv"), FUTURES, "as futures archives do"),
        (NAME.replace(".zip", ".csv"), "a;b;c", "1 fields instead of 7"),
        ("mine.csv", FUTURES, "its lines have 6 fields; trades have 7"),
        ("mine.csv", "", "it is empty"),
        ("mine.csv", "1,5,3,2,2,1723161255342,true", "its lines have 7 fields"),
        ("BTCUSDT-trades-2024-02-30.csv", trade_line(0), "its name has no date"),
        ("mine.csv", "0" * 2_000_000, "a line of it is longer"),
    ],
)
def test_what_no_archive_looks_like_is_refused(tmp_path: Path, name: str, text: str, because: str) -> None:
    with pytest.raises(UnknownFormat, match=because):
        ARCHIVES.inspect(write_csv(tmp_path / name, [text] if text else []))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat, match="No such file"):
        ARCHIVES.inspect(tmp_path / "BTCUSDT-trades-2024-08-08.zip")


def test_a_day_without_trades_is_no_error(tmp_path: Path) -> None:
    path = write_zip(tmp_path / NAME, [])
    assert ARCHIVES.inspect(path).lines == 0
    assert trades_of(path) == []


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_truncated_zip_is_noticed_before_a_row_is_read(tmp_path: Path, share: float) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(200))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DamagedFile, match="download it again"):
        ARCHIVES.inspect(path)


def test_a_wrong_crc_is_noticed_before_a_row_is_read(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", "\n".join(trade_lines(200)))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedFile, match="CRC"):
        ARCHIVES.inspect(path)


def test_a_zip_of_two_files_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / NAME, "w") as archive:
        archive.writestr("a.csv", trade_line(0))
        archive.writestr("b.csv", trade_line(1))
    with pytest.raises(UnknownFormat, match="2 files instead of one"):
        ARCHIVES.inspect(tmp_path / NAME)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(3))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(UnknownFormat, match="encrypted"):
        ARCHIVES.inspect(path)


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / NAME, ["0" * 1000] * 80_000)
    with pytest.raises(UnknownFormat, match="zip bomb"):
        ARCHIVES.inspect(path)


def test_a_checksum_beside_the_file_is_verified(tmp_path: Path) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(3), checksum=True)
    assert ARCHIVES.inspect(path).lines == 3
    write_zip(path, trade_lines(4))
    with pytest.raises(ChecksumMismatch, match="nothing stored"):
        ARCHIVES.inspect(path)


def test_a_checksum_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(3))
    (tmp_path / f"{NAME}.CHECKSUM").write_text("<html>not found</html>")
    with pytest.raises(UnknownFormat, match="has no line"):
        ARCHIVES.inspect(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_a_zip_with_any_byte_changed_is_read_whole_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(30))
    expected = trades_of(path)
    damaged = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(damaged) - 1))
    damaged[position] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged)
    try:
        found = trades_of(path)
    except (DamagedFile, UnknownFormat):
        return
    assert found == expected


@pytest.mark.parametrize("skip", [0, 1, 3, 4, 5, 28, 29, 30])
def test_reading_goes_on_after_any_line(tmp_path: Path, skip: int) -> None:
    path = write_zip(tmp_path / NAME, trade_lines(30))
    assert trades_of(path, skip) == trades_of(path)[skip:]


def test_blocks_number_their_lines_through_the_file(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", trade_lines(30))
    blocks = list(ARCHIVES.trades(path, ARCHIVES.inspect(path)))
    assert len(blocks) > 5
    assert [int(line) for block in blocks for line in block.lines] == list(range(1, 31))
    assert blocks[-1].last_line == 30


@pytest.mark.shared_data
def test_a_recorded_archive_passes_its_checksum_and_is_read_whole() -> None:
    path = recording(f"binance/archive_derived/data/spot/daily/trades/BTCUSDT/{NAME}")
    assert ARCHIVES.inspect(path).lines == 9_738
    assert trades_of(path) == read_trades(path)

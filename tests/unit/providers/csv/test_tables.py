"""What a table says about itself: its delimiter, header, kind and columns; and where it does not say enough."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import InvalidMapping, MadeSequences, UnknownFormat, UnsupportedInterval
from candlewick.domain.market import DataKind, InstrumentKey, Side, Tape, Trade
from candlewick.domain.raw import ArchiveContents
from tables import DAY, TRADES, files, trade_row, trade_table, write

CANDLES = "timestamp,open,high,low,close,volume"


def inspect(folder: Path, content: str, mapping: str = "") -> ArchiveContents:
    return files(mapping).inspect(write(folder, content))


def trades(folder: Path, content: str, mapping: str = "", name: str = "trades.csv") -> list[Trade]:
    source, path = files(mapping), write(folder, content, name)
    contents = source.inspect(path)
    return [trade for lines in source.trades(path, contents) for trade in lines.trades.trades()]


def rejected(folder: Path, content: str, mapping: str = "") -> list[Rejected]:
    source, path = files(f"max_rejected = 1\n{mapping}"), write(folder, content)
    contents = source.inspect(path)
    return [row for lines in source.trades(path, contents) for row in lines.rejected]


@pytest.mark.parametrize(
    ("header", "row", "kind"),
    [
        ("Timestamp,Trade ID,Price,Amount,Taker Side", "1723109400123,7,100.5,0.25,BUY", DataKind.TRADES),
        ("time;qty;px", "2024-08-08T09:30:00Z;0.25;100.5", DataKind.TRADES),
        ("ts\tlast_price\tlast_size\tisBuyerMaker", "1723109400\t100.5\t0.25\tfalse", DataKind.TRADES),
        ("<DATE>|<TIME>|<PRICE>|<VOL>", "2024-08-08|09:30:00Z|100.5|0.25", DataKind.TRADES),
        ("Open Time,Open,High,Low,Close,Volume", "1723109400000,1,2,1,2,5", DataKind.CANDLES),
        ("Date,Open,High,Low,Close,Adj Close,Volume", "2024-08-08,1,2,1,2,1.9,5", DataKind.DAYS),
        ("Date,Price", "2024-08-08,95.29", DataKind.DAYS),
        ("date,price_factor,split_factor", "2024-08-08,0.99,1", DataKind.DAYS),
        ("time,bid,ask", "2024-08-08T09:30:00Z,1.38,1.39", DataKind.QUOTES),
        ("time,price,market_cap", "2024-08-08T09:30:00Z,1.38,1e12", DataKind.QUOTES),
    ],
)
def test_a_header_tells_what_the_rows_are(tmp_path: Path, header: str, row: str, kind: DataKind) -> None:
    assert inspect(tmp_path, f"{header}\n{row}\n").kind is kind


def test_a_table_is_read_by_its_header(tmp_path: Path) -> None:
    content = "Timestamp,Trade ID,Price,Amount,Taker Side\n1723109400123,7,100.50,0.25,BUY\n"
    [found] = trades(tmp_path, content)
    assert (found.sequence, found.price, found.size, found.side) == (7, Decimal("100.5"), Decimal("0.25"), Side.BUY)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    assert len(trades(tmp_path, trade_table(20).replace(",", delimiter))) == 20


def test_decimal_commas_are_read_where_a_mapping_says_so(tmp_path: Path) -> None:
    content = "time;price;size\n2024-08-08T09:30:00Z;1100,25;0,5\n2024-08-08T09:30:01Z;1.100,25;1\n"
    mapping = "decimal = ','\nmax_rejected = 0.5"
    [found] = trades(tmp_path, content, mapping)
    assert (found.price, found.size) == (Decimal("1100.25"), Decimal("0.5"))
    [row] = rejected(tmp_path, content, "decimal = ','")
    assert "price '1.100,25' is no decimal number" in row.reason


def test_thousands_separators_are_refused(tmp_path: Path) -> None:
    [row] = rejected(tmp_path, f'{trade_table(9)}2024-08-08T09:30:00Z,9,"1,100.25",1,buy\n')
    assert row.reason == "price '1,100.25' is no decimal number"


def test_columns_can_be_named_or_numbered(tmp_path: Path) -> None:
    content = "a,b,c,d\n1723109400,5,100,x\n"
    mapping = "kind = 'trades'\ncolumns = {time = 'a', size = 2, price = 'C'}"
    [found] = trades(tmp_path, content, mapping)
    assert (found.price, found.size, found.side) == (Decimal(100), Decimal(5), Side.UNKNOWN)
    assert inspect(tmp_path, content, mapping).unused == ["d"]


def test_a_table_without_a_header_is_read_by_numbers(tmp_path: Path) -> None:
    mapping = "columns = {time = 1, size = 2, price = 3}"
    assert len(trades(tmp_path, "1723109400,5,100\n1723109401,5,100\n", mapping)) == 2


def test_lines_before_the_header_can_be_skipped(tmp_path: Path) -> None:
    content = f"https://www.example.com, exported\n\n{trade_table(5)}"
    assert len(trades(tmp_path, content, "skip_lines = 1")) == 5


def test_a_column_can_be_left_out_whatever_its_name_says(tmp_path: Path) -> None:
    content = f"{TRADES}\n2024-08-08T09:30:00Z,3f2a-uuid,100,1,buy\n"
    [found] = trades(tmp_path, content, "columns.id = false")
    assert found.sequence == 199_430_000_000_001 - 10**18
    assert inspect(tmp_path, content, "columns.id = false").unused == ["id"]


@pytest.mark.parametrize(
    ("side", "meant"),
    [("buy", Side.BUY), ("SELL", Side.SELL), ("B", Side.BUY), ("s", Side.SELL), ("", Side.UNKNOWN), ("bUy", Side.BUY)],
)
def test_a_side_is_told_in_any_case(tmp_path: Path, side: str, meant: Side) -> None:
    [found] = trades(tmp_path, f"{TRADES}\n2024-08-08T09:30:00Z,1,100,1,{side}\n")
    assert found.side is meant


def test_a_maker_s_side_is_turned_round(tmp_path: Path) -> None:
    content = f"{TRADES}\n2024-08-08T09:30:00Z,1,100,1,1\n2024-08-08T09:30:00Z,2,100,1,-1\n"
    found = trades(tmp_path, content, "side = {buy = '1', sell = '-1', maker = true}")
    assert [trade.side for trade in found] == [Side.SELL, Side.BUY]


def test_a_factor_moves_numbers_to_the_last_digit(tmp_path: Path) -> None:
    long = "1" * 60
    content = f"time,price,size\n1723109400,1674200,3\n1723109400,{long}.5,3\n1723109400,123456789012345678,1\n"
    found = trades(tmp_path, content, "scale = {price = '0.0001', size = 100}")
    assert [trade.price for trade in found] == [
        Decimal("167.42"),
        Decimal(f"{long[:-4]}.11115"),
        Decimal("12345678901234.5678"),
    ]
    assert found[0].size == 300


@pytest.mark.parametrize(
    ("content", "mapping", "reason"),
    [
        ("", "", "it has no lines"),
        ("\n\n  \n", "", "nothing but blank"),
        ("time,price,size\n", "", "it has no rows"),
        ("price\n1\n", "", "one field only"),
        ("611,1.38626,1.38627\n809,1.38626,1.38626\n", "", "it has no header: a mapping says which column is what"),
        ("a,b\n1,2\n", "", "its columns are not those of trades, candles, quotes or days; its header is 'a', 'b'"),
        ("time,price\n1723109400,2\n", "kind = 'trades'", "no column of it is `size`, which trades need"),
        ("time,volume\n1723109400,2\n", "kind = 'quotes'", "no column of it is `price`, `bid` or `ask`"),
        ("time,open,high,low,close\n1723109400,1,1,1,1\n", "", "no column of it is `volume`, which candles need"),
        ("time,price,size\n1723109400,2,2\n", "columns.price = 'Kurs'", "no column is called 'Kurs'; its header is"),
        ("time,price,price\n1723109400,2,2\n", "columns.price = 'price'", "2 columns are called 'price'"),
        ("time,price,size\n1723109400,2,2\n", "columns.price = 9", "it has 3 columns, the mapping takes price from"),
        ("time,price,size\n5,2,2\n6,2,2\n", "", "numbers like '5' are no times between 1990 and tomorrow"),
        ("time,price,size\n08.08.2024 09:30,2,2\n", "", "its times are like '08.08.2024 09:30': `time.format`"),
        ("time,price,size\n2024-08-08 09:30:00,2,2\n", "", "do not say their zone: `time.zone` in a mapping does"),
    ],
)
def test_a_table_that_does_not_say_enough_is_refused_with_advice(
    tmp_path: Path, content: str, mapping: str, reason: str
) -> None:
    with pytest.raises(UnknownFormat) as refusal:
        inspect(tmp_path, content, mapping)
    assert reason in refusal.value.reason


def test_two_meanings_of_one_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidMapping, match="two meanings"):
        inspect(tmp_path, trade_table(3), "columns = {price = 3, size = 'price'}")


def test_a_column_that_the_kind_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidMapping, match="days have no 'size'"):
        inspect(tmp_path, "date,close,size\n2024-08-08,1,2\n", "columns = {close = 2, size = 3}")


def test_the_day_of_times_since_midnight_may_stand_in_the_name(tmp_path: Path) -> None:
    mapping = """
        kind = "trades"
        header = false
        columns = {time = 1, price = 2, size = 3}
        time = {unit = "ms", zone = "UTC", midnight_of = "name"}
    """
    [found] = trades(tmp_path, "34200000,100,1\n", mapping, "20240808_spy_trade.csv")
    assert found.ts == DAY.replace(hour=9, minute=30)
    for name in ("spy.csv", "20241308.csv", "99920240808.csv"):
        with pytest.raises(UnknownFormat, match="name has no date"):
            trades(tmp_path, "34200000,100,1\n", mapping, name)


@pytest.mark.parametrize(("width", "said"), [(300, "0:05:00"), (3600, "1:00:00"), (86_400, "1 day, 0:00:00")])
def test_candles_wider_than_a_minute_are_refused(tmp_path: Path, width: int, said: str) -> None:
    rows = "".join(f"{1723075200 + number * width},1,2,1,2,5\n" for number in range(9))
    with pytest.raises(UnsupportedInterval, match=f"interval '{said}' cannot be stored"):
        inspect(tmp_path, f"{CANDLES}\n{rows}")


def test_minutes_may_be_missing_among_candles(tmp_path: Path) -> None:
    rows = "".join(f"{1723075200 + number * 60},1,2,1,2,5\n" for number in (0, 5, 10, 17, 20, 40))
    assert inspect(tmp_path, f"{CANDLES}\n{rows}").lines == 7


def test_trades_without_ids_are_not_for_a_venue_that_numbers_its_trades(tmp_path: Path) -> None:
    path = write(tmp_path, "time,price,size\n1723109400,2,2\n")
    with pytest.raises(MadeSequences, match="binance numbers its trades itself"):
        files(ids_of="binance").inspect(path)
    assert files(ids_of="binance").inspect(write(tmp_path, trade_table(3))).kind is DataKind.TRADES


def test_a_file_read_in_another_way_is_another_import(tmp_path: Path) -> None:
    plain, mapped = inspect(tmp_path, trade_table(3)), inspect(tmp_path, trade_table(3), "columns.id = false")
    other = inspect(tmp_path, trade_table(4))
    assert len({plain.reading, mapped.reading, other.reading}) == 3
    assert inspect(tmp_path, trade_table(3)).reading == plain.reading


def test_a_look_at_the_first_rows_says_the_same_as_all_of_them(tmp_path: Path) -> None:
    path = write(tmp_path, trade_table(50))
    looked, read = files().preview(path, path.name), files().inspect(path)
    assert (looked.kind, looked.reading, looked.lines) == (read.kind, read.reading, 0)


def test_a_venue_that_lists_its_instruments_names_them_itself(tmp_path: Path) -> None:
    key = InstrumentKey.parse("binance:BTC-USDT")
    assert files().listing(key, Tape.TRADES).symbol == "BTCUSDT"


def test_trades_may_be_of_an_aggregated_tape(tmp_path: Path) -> None:
    assert inspect(tmp_path, trade_table(3), "instrument.tape = 'aggregated'").tape is Tape.AGGREGATED


def test_the_last_line_may_lack_its_end(tmp_path: Path) -> None:
    assert len(trades(tmp_path, trade_table(3) + trade_row(3))) == 4
    assert inspect(tmp_path, trade_table(3) + trade_row(3)).lines == 5

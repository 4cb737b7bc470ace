"""Rows of every kind: exact, whole, or rejected with a reason that a person can act on."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from candlewick.domain.batch import Rejected
from candlewick.domain.day import DayCandle, DayLines, Factor, Spelling
from candlewick.domain.quote import Quote
from candlewick.domain.raw import CandleLines, TradeLines
from candlewick.providers.csv.numbering import DAY_SPACE, FIRST
from tables import DAY, LEAN_NAMES, TRADES, files, trade_row, trade_table, write


def read_trades(folder: Path, content: str | bytes, mapping: str = "", skip: int = 0) -> TradeLines:
    source, path = files(f"max_rejected = 1\n{mapping}", block_bytes=512), write(folder, content)
    return TradeLines.concat(list(source.trades(path, source.inspect(path), skip=skip)))


def reason(folder: Path, row: str, header: str = TRADES) -> str:
    found = read_trades(folder, f"{header}\n{row}\n{trade_row(1)}\n{trade_row(2)}\n{trade_row(3)}\n")
    [rejected] = found.rejected
    assert rejected.row == 2
    assert rejected.text == row
    return rejected.reason


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2024-08-08T09:30:00Z,1,=1+1,1,buy", "price '=1+1' is a formula"),
        ("2024-08-08T09:30:00Z,1,+5,1,buy", "price '+5' is a formula"),
        ("2024-08-08T09:30:00Z,1,5,@SUM(A1),buy", "size '@SUM(A1)' is a formula"),
        ("2024-08-08T09:30:00Z,1,5,1,\"=cmd|'/c calc'!A0\"", "side \"=cmd|'/c calc'!A0\" is a formula"),
        ("=NOW(),1,5,1,buy", "time '=NOW()' is a formula"),
        ("2024-08-08T09:30:00Z,1,5,1", "it has 4 fields instead of 5"),
        ("2024-08-08T09:30:00Z,1,5,1,buy,extra", "it has 6 fields instead of 5"),
        ("2024-08-08T09:30:00Z,1,0,1,buy", "price 0 is not above zero"),
        ("2024-08-08T09:30:00Z,1,5,-1,buy", "size -1 is not above zero"),
        ("2024-08-08T09:30:00Z,1,,1,buy", "price '' is no decimal number"),
        ("2024-08-08T09:30:00Z,1,NaN,1,buy", "price 'NaN' is no decimal number"),
        ("2024-08-08T09:30:00Z,1,1e999,1,buy", "has more than 100 places"),
        ("2024-08-08T09:30:00Z,x,5,1,buy", "id 'x' is no whole number"),
        ("2024-08-08T09:30:00Z,-1,5,1,buy", "id -1 is below zero"),
        ("2024-08-08T09:30:00Z,99999999999999999999,5,1,buy", "the sequence does not fit 64 bits"),
        ("2024-08-08T09:30:00Z,1,5,1,long", "side 'long' is none of buy, b, sell, s"),
        ('2024-08-08T09:30:00Z,1,"5,1,buy', "it is no CSV"),
        ("yesterday,1,5,1,buy", "time 'yesterday' is no time like"),
    ],
)
def test_a_row_that_is_no_trade_says_why(tmp_path: Path, row: str, said: str) -> None:
    assert said in reason(tmp_path, row)


def test_odd_rows_are_read_as_well_and_in_the_file_s_order(tmp_path: Path) -> None:
    rows = [
        trade_row(0),
        '"2024-08-08T00:00:01Z","1","101.25","0.5","buy"',
        " 2024-08-08T00:00:02Z , 2 , 102.25 , 0.5 , sell ",
        "2024-08-08T00:00:03Z,3,103.250000000000000000000000,5e-1,BuY",
        "",
        trade_row(4),
    ]
    found = read_trades(tmp_path, "\r\n".join([TRADES, *rows]) + "\r\n")
    assert found.trades.trades() == read_trades(tmp_path, trade_table(5)).trades.trades()
    assert found.lines.tolist() == [2, 3, 4, 5, 7]


def test_a_byte_order_mark_is_nothing(tmp_path: Path) -> None:
    assert len(read_trades(tmp_path, b"\xef\xbb\xbf" + trade_table(3).encode()).trades) == 3
    headless = "kind = 'trades'\nheader = false\ncolumns = {time = 1, id = 2, price = 3, size = 4}"
    body = trade_table(3).split("\n", 1)[1]
    assert len(read_trades(tmp_path, b"\xef\xbb\xbf" + body.encode(), headless).trades) == 3


NUMBERED = "columns.id = false"


def sequences(found: TradeLines) -> list[int]:
    return [int(sequence) for sequence in found.trades.sequence]


def test_trades_without_ids_are_numbered_by_their_place_in_the_day(tmp_path: Path) -> None:
    days = (DAY - DAY.replace(year=1970, month=1, day=1)) // timedelta(days=1)
    moments = ["2024-08-08T10:00:00Z", "2024-08-08T10:00:00Z", "2024-08-09T00:00:00Z", "2024-08-08T09:00:00Z"]
    content = "\n".join(["time,price,size", *(f"{moment},5,1" for moment in moments), ""])
    assert [divmod(each - FIRST, DAY_SPACE) for each in sequences(read_trades(tmp_path, content))] == [
        (days, 1), (days, 2), (days + 1, 1), (days, 3),
    ]  # fmt: skip


def test_days_begin_where_the_zone_says(tmp_path: Path) -> None:
    content = "time,price,size\n2024-08-08 23:59:59,5,1\n2024-08-09 00:00:00,5,1\n"
    late, early = (each - FIRST for each in sequences(read_trades(tmp_path, content, "time.zone = 'America/New_York'")))
    assert (late % DAY_SPACE, early % DAY_SPACE, early // DAY_SPACE - late // DAY_SPACE) == (1, 1, 1)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(skip=st.integers(0, 120), random=st.randoms(use_true_random=False))
def test_numbers_do_not_depend_on_where_reading_begins(tmp_path: Path, skip: int, random: Random) -> None:
    moments = [DAY + timedelta(hours=random.randrange(72)) for _ in range(120)]
    rows = [f"{moment:%Y-%m-%dT%H:%M:%SZ},5,{1 if number % 11 else 'x'}" for number, moment in enumerate(moments, 1)]
    content = "\n".join(["time,price,size", *rows, ""])
    whole, rest = (read_trades(tmp_path, content, "kind = 'trades'", lines) for lines in (0, skip))
    behind = whole.lines > skip
    assert sequences(rest) == [int(each) for each in whole.trades.sequence[behind]]
    assert list(rest.rejected) == [row for row in whole.rejected if row.row > skip]


def test_the_same_day_in_a_longer_file_has_the_same_numbers(tmp_path: Path) -> None:
    rows = [f"2024-08-08T10:00:{second:02d}Z,5,1" for second in range(20)]
    day = "\n".join(["time,price,size", *rows, ""])
    longer = "\n".join(["time,price,size", "2024-08-07T10:00:00Z,5,1", *rows, "2024-08-09T10:00:00Z,5,1", ""])
    assert sequences(read_trades(tmp_path, day)) == sequences(read_trades(tmp_path, longer))[1:-1]


def read_candles(folder: Path, content: str) -> CandleLines:
    source, path = files("max_rejected = 1"), write(folder, content)
    [lines] = source.candles(path, source.inspect(path))
    return lines


def test_candles_hold_what_the_table_says_and_nothing_more(tmp_path: Path) -> None:
    header = "timestamp,open,high,low,close,volume,quote_volume,trades"
    found = read_candles(tmp_path, f"{header}\n1723075200,1.0,2.5,0.5,2,10,15,3\n1723075260,1,1,1,1,0,,\n")
    one, two = found.candles
    prices = (two.open, two.high, two.low, two.close)
    assert (one.open_time, two.open_time) == (DAY, DAY + timedelta(minutes=1))
    assert (one.open, one.high, one.low, one.close) == tuple(map(Decimal, ("1", "2.5", "0.5", "2")))
    assert (one.volume, one.quote_volume) == (Decimal(10), Decimal(15))
    assert (one.trade_count, one.taker_buy_volume) == (3, None)
    assert (set(prices), two.volume) == ({Decimal(1)}, Decimal(0))
    assert (two.quote_volume, two.trade_count) == (None, None)


def test_a_candle_that_contradicts_itself_is_rejected(tmp_path: Path) -> None:
    header = "timestamp,open,high,low,close,volume"
    found = read_candles(tmp_path, f"{header}\n1723075200,1,2,3,2,10\n1723075201,1,1,1,1,0\n1723075260,1,1,1,1,1\n")
    assert [row.reason for row in found.rejected] == [
        "high 2 and low 3 do not enclose open and close",
        "it does not open on a minute",
    ]


def test_quotes_may_leave_figures_out(tmp_path: Path) -> None:
    source = files("max_rejected = 1")
    content = (
        "time,bid,ask,market_cap,change_24h\n1723075200,1.1,1.2,,-0.5\n1723075201,1.1,null,5e11,\n1723075202,,,,\n"
    )
    path = write(tmp_path, content)
    [lines] = source.quotes(path, source.inspect(path))
    assert lines.quotes == [
        Quote(DAY, bid=Decimal("1.1"), ask=Decimal("1.2"), change_24h=Decimal("-0.5")),
        Quote(DAY + timedelta(seconds=1), bid=Decimal("1.1"), market_cap=Decimal("5e11")),
    ]
    assert [row.reason for row in lines.rejected] == ["it says nothing"]


def read_days(folder: Path, content: str, mapping: str = "") -> DayLines:
    source, path = files(f"max_rejected = 1\n{mapping}"), write(folder, content)
    [lines] = source.days(path, source.inspect(path))
    return lines


def test_days_have_prices_factors_or_both(tmp_path: Path) -> None:
    header = "date,open,high,low,close,volume,price_factor,split_factor"
    found = read_days(tmp_path, f"{header}\n2024-08-08,1,3,1,2,,0.99,0.5\n2024-08-07,1,3,4,2,7,1,1\n")
    assert found.candles == [DayCandle(date(2024, 8, 8), Decimal(1), Decimal(3), Decimal(1), Decimal(2), None)]
    assert found.factors == [Factor(date(2024, 8, 8), Decimal("0.99"), Decimal("0.5"))]
    assert len(found.rejected) == 1


def test_a_day_of_which_only_the_close_is_known_is_flat(tmp_path: Path) -> None:
    price = Decimal("95.29")
    found = read_days(tmp_path, "Date,Price\n2026-01-01,95.29\n1830-01-01,-3\n")
    assert found.candles == [DayCandle(date(2026, 1, 1), price, price, price, price)]
    assert found.rejected == [Rejected(3, "1830-01-01,-3", "a price is not above zero")]


def test_factors_may_reach_into_the_future_and_prices_not(tmp_path: Path) -> None:
    found = read_days(tmp_path, "date,price_factor,split_factor\n2050-12-31,1,1\n")
    assert [factor.day.year for factor in found.factors] == [2050]
    assert len(read_days(tmp_path, "date,close\n2050-12-31,1\n2024-08-08,1\n2024-08-07,1\n").rejected) == 1


def test_names_take_up_where_the_one_before_ended(tmp_path: Path) -> None:
    content = "2003-10-15,aol\n2003-10-15,twx\n2018-06-15,twx\n2018-06-16,=cmd\n2018-06-17,\n"
    found = read_days(tmp_path, content, LEAN_NAMES)
    assert found.spellings == [
        Spelling("aol", None, date(2003, 10, 15)),
        Spelling("twx", date(2003, 10, 16), date(2018, 6, 15)),
    ]
    assert [row.reason for row in found.rejected] == [
        "date 2003-10-15 does not come after 2003-10-15, until which another name held",
        "symbol '=cmd' is a formula",
        "symbol '' is no name of 1 to 64 characters",
    ]


def test_names_are_read_from_the_start_wherever_reading_begins(tmp_path: Path) -> None:
    rows = [f"{DAY.date() + timedelta(days=number)},n{number}" for number in range(100)]
    source, path = files(LEAN_NAMES, block_bytes=128), write(tmp_path, "\n".join([*rows, ""]))
    blocks = list(source.days(path, source.inspect(path), skip=50))
    names = [spelling for block in blocks for spelling in block.spellings]
    assert [name.since for name in names[1:]] == [name.until + timedelta(days=1) for name in names[:-1]]
    assert len(names) == 100


def test_a_column_of_names_is_none_unless_a_mapping_says_so(tmp_path: Path) -> None:
    found = read_days(tmp_path, "Date,Symbol,Close\n2024-08-08,AAPL,1\n")
    assert (len(found.candles), list(found.spellings)) == (1, [])

"""Lines of Binance's archives as trades and candles, and the reasons of those that are neither."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_files import DAY, candle_line, read_trades, trade_line, trade_lines
from candlewick.domain.errors import InvalidTrade
from candlewick.domain.market import Side, Tape, Trade
from candlewick.domain.raw import CandleLines, TradeLines
from candlewick.providers.binance import normalise, rows
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from recordings import recording

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = EventTimes.until_tomorrow(NOW)


def read(*lines: str, tape: Tape = Tape.TRADES, first_line: int = 2) -> TradeLines:
    return normalise.trades("".join(f"{line}\n" for line in lines).encode(), tape, first_line=first_line, times=TIMES)


def read_candles(*lines: str) -> CandleLines:
    return normalise.candles("".join(f"{line}\n" for line in lines).encode(), first_line=1, times=TIMES)


def reason(line: str, tape: Tape = Tape.TRADES) -> str:
    found = read(line, tape=tape)
    assert not len(found.trades)
    assert found.rejected[0].text == line
    return found.rejected[0].reason


def test_a_line_is_a_trade() -> None:
    assert read(trade_line(5)).trades.trades() == [
        Trade(3_735_683_005, Decimal("61837.63"), Decimal("0.02"), Side.SELL, DAY + timedelta(seconds=5))
    ]


@pytest.mark.parametrize(("maker", "side"), [("True", Side.SELL), ("false", Side.BUY), ("FALSE", Side.BUY)])
def test_a_buyer_who_made_the_market_was_sold_to(maker: str, side: Side) -> None:
    assert read(trade_line(0, maker=maker)).trades.trades()[0].side is side


def test_milliseconds_and_microseconds_are_told_apart_row_by_row() -> None:
    found = read("1,5,2,10,1723161255342,True,True", "2,5,2,10,1723161255342001,True,True")
    assert [trade.ts.microsecond for trade in found.trades.trades()] == [342_000, 342_001]


@pytest.mark.parametrize(
    "time",
    [
        "1723161255",
        "1723161255342000000",
        "1199145599999",
        "1767398400000",
        "99999999999999999999",
        "-1723161255342",
    ],
)
def test_a_time_in_no_known_unit_is_refused(time: str) -> None:
    assert f"time {time} lies between 2009 and tomorrow neither in milliseconds nor" in reason(
        f"1,5,2,10,{time},True,True"
    )


@pytest.mark.parametrize(
    ("line", "because"),
    [
        ("1,0,2,10,1723161255342,True,True", "price 0 is not above zero"),
        ("1,5,0.000,10,1723161255342,True,True", "size 0.000 is not above zero"),
        ("-1,5,2,10,1723161255342,True,True", "id -1 marks a trade that never happened"),
        ("1,5,2,10,1723161255342,True", "it has 6 fields instead of 7"),
        ("1,5,2,10,1723161255342,True,True,", "it has 8 fields instead of 7"),
        ("1,five,2,10,1723161255342,True,True", "price 'five' is no decimal number"),
        ("1,5,2,10,1723161255342,perhaps,True", "isBuyerMaker 'perhaps' is neither true nor false"),
        ("1,٣,2,10,1723161255342,True,True", "price '٣' is no decimal number"),
        ("1,1e999,2,10,1723161255342,True,True", "price '1e999' has more than 100 places before or after the point"),
        ("99999999999999999999,5,2,10,1723161255342,True,True", "the sequence does not fit 64 bits"),
        ('1,"5,2,10,1723161255342,True,True', "it is no CSV: unexpected end of data"),
    ],
)
def test_a_bad_line_is_rejected_with_its_reason(line: str, because: str) -> None:
    assert reason(line) == because


@pytest.mark.parametrize(
    "line",
    [
        '"7","61000.5","2","10","1723161255342","True","True"',
        "7, 61000.5 ,2,10,1723161255342,true,True",
        "7,6.10005e4,2,10,1723161255342,TRUE,True",
        "7,61000.5,2,10,1723161255342,True,True\r",
        "7,61000.500000000000000000000000000,2,10,1723161255342,True,True",
    ],
)
def test_an_odd_line_is_the_same_trade(line: str) -> None:
    assert read(line).trades.trades() == read("7,61000.5,2,10,1723161255342,True,True").trades.trades()


def test_eighty_decimals_survive() -> None:
    price = "0." + "0" * 60 + "12345678901234567890"
    found = read(trade_line(0), f"7,{price},2,10,1723161255342,True,True", trade_line(1))
    assert [trade.price for trade in found.trades.trades()] == [
        Decimal("61837.63"),
        Decimal(price),
        Decimal("61837.63"),
    ]


def test_rows_keep_the_number_of_their_line() -> None:
    found = read(trade_line(0), "", "nonsense", '"7",5,2,10,1723161255342,True,True', trade_line(1), first_line=10)
    assert found.lines.tolist() == [10, 13, 14]
    assert [row.row for row in found.rejected] == [12]
    assert found.last_line == 14


def test_a_header_is_skipped_in_the_first_line_only() -> None:
    header = "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match"
    assert not read(header, trade_line(0), first_line=1).rejected
    assert len(read(header, first_line=2).rejected) == 1


def test_a_byte_order_mark_is_no_part_of_the_first_id() -> None:
    assert len(read("\ufeff" + trade_line(0), first_line=1).trades) == 1


def test_a_rejected_line_is_text_that_a_database_holds() -> None:
    rejected = normalise.trades(b"\x00\xff,1\n", Tape.TRADES, first_line=1, times=TIMES).rejected[0]
    assert rejected.text == "\\x00\\xff,1"


def test_an_aggregate_is_one_trade() -> None:
    found = read("26129,0.01633102,4.70443515,27781,27785,1498793709153,true,True", tape=Tape.AGGREGATED)
    assert found.trades.trades() == [
        Trade(
            26129,
            Decimal("0.01633102"),
            Decimal("4.70443515"),
            Side.SELL,
            datetime(2017, 6, 30, 3, 35, 9, 153_000, UTC),
        )
    ]


def test_an_aggregate_of_nothing_is_rejected() -> None:
    assert reason("5,0.1,1,-1,-1,1498793709153,true,True", Tape.AGGREGATED) == (
        "trade id -1 marks a trade that never happened"
    )
    assert "comes before its first" in reason("5,0.1,1,9,8,1498793709153,true,True", Tape.AGGREGATED)


def test_a_kline_is_a_minute_candle() -> None:
    (candle,) = read_candles(candle_line(3)).candles
    assert candle.open_time == DAY + timedelta(minutes=3)
    assert (candle.open, candle.high, candle.low, candle.close) == tuple(map(Decimal, ("61", "62", "60.5", "61.5")))
    assert (candle.volume, candle.quote_volume, candle.trade_count) == (Decimal(10), Decimal(615), 7)
    assert (candle.taker_buy_volume, candle.taker_buy_quote_volume) == (Decimal(4), Decimal(246))


def test_klines_that_contradict_themselves_or_are_wider_are_rejected() -> None:
    found = read_candles(candle_line(0), candle_line(1, high="60.9"), candle_line(2, width=300_000))
    assert len(found.candles) == 1
    assert [row.row for row in found.rejected] == [2, 3]
    assert found.rejected[1].reason == "it closes 299999000 µs after it opens: it is no minute candle"
    assert found.last_line == 3


ODD_TEXT = st.text(st.sampled_from('0123456789.,-eE"Trufals \r\0'), max_size=60)


@given(st.lists(st.one_of(st.integers(0, 99).map(trade_line), ODD_TEXT), max_size=8))
def test_columns_and_rows_agree_on_any_text(lines: list[str]) -> None:
    found = read(*lines)
    expected: list[Trade] = []
    refused = 0
    for line in "".join(f"{line}\n" for line in lines).split("\n")[:-1]:
        text = line.removesuffix("\r").replace("\0", "\\x00")
        if not text.strip():
            continue
        try:
            expected.append(rows.trade(text, rows.LAYOUTS[Tape.TRADES], TIMES))
        except (Unreadable, InvalidTrade):
            refused += 1
    assert found.trades.trades() == expected
    assert len(found.rejected) == refused


@given(st.integers(1, 30), st.integers(0, 30))
def test_where_a_chunk_is_cut_changes_nothing(count: int, cut: int) -> None:
    lines = trade_lines(count)
    whole = read(*lines).trades.trades()
    assert read(*lines[:cut]).trades.trades() + read(*lines[cut:]).trades.trades() == whole


@pytest.mark.shared_data
@pytest.mark.parametrize(("day", "count"), [("2024-08-08", 9_738), ("2024-08-09", 10_166)])
def test_recorded_days_equal_an_independent_reading(day: str, count: int) -> None:
    path = recording(f"binance/archive_derived/data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-{day}.zip")
    with zipfile.ZipFile(path) as archive:
        chunk = archive.read(archive.namelist()[0])
    found = normalise.trades(chunk, Tape.TRADES, first_line=1, times=TIMES)
    assert not found.rejected
    assert found.trades.trades() == read_trades(path)
    assert len(found.trades) == count

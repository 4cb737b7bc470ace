"""Binance's JSON pages become exact trades and candles; what is neither is rejected with its reason."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import Side, Tape, Trade
from candlewick.domain.raw import Payload, TradeLines
from candlewick.providers.binance import payloads
from candlewick.providers.event_time import EventTimes
from markets import LATER
from recordings import recording

TIMES = EventTimes.until_tomorrow(LATER)
MS = 1_723_161_255_342
AT = datetime(2024, 8, 8, 23, 54, 15, 342_000, tzinfo=UTC)
GOOD = {"id": 7, "price": "61837.63000000", "qty": "0.02", "quoteQty": "1", "time": MS, "isBuyerMaker": True}
AGGREGATE = {"a": 7, "p": "61837.63", "q": "0.02", "f": 9, "l": 11, "T": MS, "m": False, "M": True}
KLINE: list[Any] = [
    1_588_740_120_000, "9033.34", "9039.99", "9032.75", "9033.15", "31.19", 1_588_740_179_999, "281893.08", 282,
    "6.35", "57447.26", "0",
]  # fmt: skip


def page(body: object, received_at: datetime = LATER) -> Payload:
    return Payload("binance", "/api/v3/x", body if isinstance(body, bytes) else orjson.dumps(body), received_at)


def read(rows: list[Any], tape: Tape = Tape.TRADES) -> TradeLines:
    decoded = payloads.rows_of(page(rows))
    return payloads.trades(list(enumerate(decoded, 1)), payloads.PAGES[tape], TIMES, len(decoded))


def test_a_trade_is_exact_and_takes_the_aggressor_s_side() -> None:
    assert read([GOOD]).trades.trades() == [Trade(7, Decimal("61837.63"), Decimal("0.02"), Side.SELL, AT)]


def test_an_aggregate_goes_by_its_own_id() -> None:
    assert read([AGGREGATE], Tape.AGGREGATED).trades.trades() == [
        Trade(7, Decimal("61837.63"), Decimal("0.02"), Side.BUY, AT)
    ]


def test_milliseconds_and_microseconds_are_told_apart_row_by_row() -> None:
    lines = read([GOOD, GOOD | {"time": MS * 1000 + 7}])

    assert [trade.ts for trade in lines.trades.trades()] == [AT, AT + timedelta(microseconds=7)]


@pytest.mark.parametrize("price", ["0.123456789012345678901234567890", "123456789012345678901234567890.5", "1E-8", "7"])
def test_numbers_of_any_length_stay_exact(price: str) -> None:
    lines = read([GOOD | {"price": price}, GOOD | {"id": 8}])

    assert lines.trades.price.decimals() == [Decimal(price), Decimal("61837.63")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (GOOD | {"price": 61837.63}, "price 61837.63 is not given as a text"),
        (GOOD | {"qty": 1}, "quantity 1 is not given as a text"),
        (GOOD | {"price": "0.00000000"}, "price 0E-8 is not above zero"),
        (GOOD | {"qty": "0"}, "size 0 is not above zero"),
        (GOOD | {"price": "-1"}, "price -1 is not above zero"),
        (GOOD | {"price": "NaN"}, "price 'NaN' is no decimal number"),
        (GOOD | {"price": "1.0\r"}, "no decimal number"),
        (GOOD | {"price": "1\n2"}, "no decimal number"),
        (GOOD | {"price": "1,2"}, "no decimal number"),
        (GOOD | {"price": ""}, "no decimal number"),
        (GOOD | {"price": "٣"}, "no decimal number"),
        (GOOD | {"price": None}, "price None is not given as a text"),
        (GOOD | {"id": -1}, "id -1 marks a trade that never happened"),
        (GOOD | {"id": 2**64 - 1}, "does not fit 64 bits"),
        (GOOD | {"id": "7"}, "id '7' is no whole number"),
        (GOOD | {"id": True}, "id True is no whole number"),
        (GOOD | {"id": 7.0}, "id 7.0 is no whole number"),
        (GOOD | {"time": MS // 1000}, "neither in milliseconds nor in microseconds"),
        (GOOD | {"time": -MS}, "neither in milliseconds nor in microseconds"),
        (GOOD | {"isBuyerMaker": "true"}, "isBuyerMaker 'true' is neither true nor false"),
        ({key: value for key, value in GOOD.items() if key != "qty"}, "it has no field 'qty'"),
        ([1, 2, 3], "it is no object"),
        (None, "it is no object"),
        ("id", "it is no object"),
    ],
)
def test_a_row_that_is_no_trade_is_rejected_and_the_rest_goes_on(row: Any, reason: str) -> None:
    lines = read([GOOD, row, GOOD | {"id": 8}])

    assert lines.trades.sequence.tolist() == [7, 8]
    assert lines.lines.tolist() == [1, 3]
    (rejected,) = lines.rejected
    assert rejected.row == 2
    assert reason in rejected.reason
    assert orjson.loads(rejected.text) == orjson.loads(orjson.dumps(row))


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"f": -1, "l": -1}, "trade id -1 marks"), ({"f": 12}, "comes before its first"), ({"l": None}, "whole number")],
)
def test_an_aggregate_of_nothing_is_rejected(change: dict[str, object], reason: str) -> None:
    (rejected,) = read([AGGREGATE | change], Tape.AGGREGATED).rejected

    assert reason in rejected.reason


def test_fields_that_we_do_not_know_do_no_harm() -> None:
    assert len(read([GOOD | {"new": {"deep": []}}]).trades) == 1


def test_an_empty_page_is_no_trades() -> None:
    lines = read([])

    assert (len(lines.trades), lines.rejected, lines.last_line) == (0, [], 0)


@pytest.mark.parametrize("body", [b"", b"[", b"<html>", b'{"code":-1121,"msg":"Invalid symbol."}', b"null", b"[NaN]"])
def test_what_is_no_page_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayload, match="binance answered /api/v3/x"):
        payloads.rows_of(page(body))


def test_an_error_in_place_of_a_page_says_its_own_words() -> None:
    with pytest.raises(MalformedPayload, match=r"-1121: Invalid symbol\."):
        payloads.rows_of(page({"code": -1121, "msg": "Invalid symbol."}))


BAD = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**64 - 1),
    st.just({}),
    st.builds(lambda value: GOOD | {"price": value}, st.one_of(st.floats(allow_nan=False), st.just("0"), st.text("x"))),
    st.builds(lambda value: GOOD | {"id": value}, st.integers(-9, -1)),
    st.builds(lambda value: GOOD | {"time": value}, st.integers(0, 10**9)),
)
TEXTS = st.decimals("0.00000001", "99999999", places=8).map(str) | st.sampled_from(["5", "1e3", "0.1" + "0" * 40 + "1"])
FINE = st.builds(
    lambda number, price, size, ms: GOOD | {"id": number, "price": price, "qty": size, "time": ms},
    st.integers(0, 2**63 - 1),
    TEXTS,
    TEXTS,
    st.integers(MS, MS + 10**9) | st.integers(MS * 1000, MS * 1000 + 10**9),
)


@given(st.lists(st.one_of(FINE.map(lambda row: (True, row)), BAD.map(lambda row: (False, row))), max_size=30))
def test_any_mixture_gives_the_good_ones_exactly_and_the_bad_ones_with_their_place(rows: list[Any]) -> None:
    lines = read([row for _, row in rows])

    good = [(number, row) for number, (fine, row) in enumerate(rows, 1) if fine]
    assert lines.lines.tolist() == [number for number, _ in good]
    assert lines.trades.sequence.tolist() == [row["id"] for _, row in good]
    assert lines.trades.price.decimals() == [Decimal(row["price"]) for _, row in good]
    assert lines.trades.size.decimals() == [Decimal(row["qty"]) for _, row in good]
    assert [each.row for each in lines.rejected] == [number for number, (fine, _) in enumerate(rows, 1) if not fine]


def test_a_candle_is_exact() -> None:
    (candle,) = payloads.candles(page([KLINE])).candles

    assert candle.open_time == datetime(2020, 5, 6, 4, 42, tzinfo=UTC)
    assert (candle.open, candle.high, candle.low, candle.close) == tuple(map(Decimal, KLINE[1:5]))
    assert (candle.volume, candle.quote_volume, candle.trade_count) == (Decimal("31.19"), Decimal("281893.08"), 282)
    assert (candle.taker_buy_volume, candle.taker_buy_quote_volume) == (Decimal("6.35"), Decimal("57447.26"))


@pytest.mark.parametrize(("seconds", "candles"), [(30, 0), (60, 0), (70, 1)])
def test_a_minute_that_was_not_over_is_left_out(seconds: int, candles: int) -> None:
    opened = datetime(2020, 5, 6, 4, 42, tzinfo=UTC)
    lines = payloads.candles(page([KLINE], opened + timedelta(seconds=seconds)))

    assert (len(lines.candles), lines.rejected) == (candles, [])


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (1, 9033.34, "open 9033.34 is not given as a text"),
        (2, "1", "do not enclose"),
        (6, 1_588_740_419_999, "it is no minute candle"),
        (8, "282", "trade count '282' is no whole number"),
        (0, 1_588_740_120, "neither in milliseconds nor in microseconds"),
    ],
)
def test_a_kline_that_is_no_minute_candle_is_rejected(at: int, value: object, reason: str) -> None:
    row = [*KLINE[:at], value, *KLINE[at + 1 :]]
    lines = payloads.candles(page([KLINE, row, KLINE[:5], 3]))

    assert len(lines.candles) == 1
    assert [each.row for each in lines.rejected] == [2, 3, 4]
    assert reason in lines.rejected[0].reason


def recorded(path: str) -> list[list[Any]]:
    pages = orjson.loads(gzip.decompress(recording("binance/rest/gct_mock_v3.json.gz").read_bytes()))
    return [each["body"] for each in pages if each["path"] == path and isinstance(each["body"], list)]


@pytest.mark.parametrize(
    ("path", "tape", "names"),
    [
        ("/api/v3/trades", Tape.TRADES, ("id", "price", "qty")),
        ("/api/v3/historicalTrades", Tape.TRADES, ("id", "price", "qty")),
        ("/api/v3/aggTrades", Tape.AGGREGATED, ("a", "p", "q")),
    ],
)
def test_recorded_trades_are_read_exactly(path: str, tape: Tape, names: tuple[str, str, str]) -> None:
    for rows in recorded(path):
        lines = read(rows, tape)
        whole = [row for row in rows if "" not in row]  # the recorder lost a field's name in some rows
        found = zip(lines.trades.sequence.tolist(), lines.trades.price.decimals(), lines.trades.size.decimals())  # noqa: B905

        assert list(found) == [(row[names[0]], Decimal(row[names[1]]), Decimal(row[names[2]])) for row in whole]
        assert len(lines.rejected) == len(rows) - len(whole)


def test_recorded_minute_klines_are_read_exactly() -> None:
    for rows in recorded("/api/v3/klines"):
        candles = payloads.candles(page(rows))
        minutes = [row for row in rows if row[6] - row[0] == 59_999]

        assert [(each.open, each.quote_volume) for each in candles.candles] == [
            (Decimal(row[1]), Decimal(row[7])) for row in minutes
        ]
        assert len(candles.rejected) == len(rows) - len(minutes)

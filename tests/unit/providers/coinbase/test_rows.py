"""Coinbase's rows become exact trades, candles and quotes; what is none is rejected with its reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import Side, Trade
from candlewick.domain.raw import TradeLines
from candlewick.domain.time import EPOCH
from candlewick.providers.coinbase import payloads
from candlewick.providers.exact_json import Number
from unit.providers.coinbase.wire import AT, CANDLE, CANDLES, MINUTE, ROW, TICKER, answer

RECEIVED = EPOCH + timedelta(seconds=MINUTE + 65)
"""When the candle has been over for as long as it has to."""


def read(*rows: Any) -> TradeLines:
    payload = answer(list(rows))
    return payloads.trades(payload, payloads.rows_in(payload, "trades"))


def reason(row: Any) -> str:
    lines = read(row)
    [rejected] = lines.rejected
    assert len(lines.trades) == 0
    return rejected.reason


def test_a_trade_is_exact_and_takes_the_aggressor_s_side() -> None:
    assert read(ROW).trades.trades() == [Trade(74, Decimal("61837.63"), Decimal("0.01"), Side.BUY, AT)]


@pytest.mark.parametrize(("said", "stored"), [("sell", Side.BUY), ("buy", Side.SELL)])
def test_side_is_the_maker_s_and_the_aggressor_is_stored(said: str, stored: Side) -> None:
    assert read(ROW | {"side": said}).trades.trades()[0].side is stored


def test_a_page_is_read_oldest_first_and_keeps_its_row_numbers() -> None:
    lines = read(ROW | {"trade_id": 76}, "no row", ROW | {"trade_id": 75})

    assert lines.trades.sequence.tolist() == [75, 76]
    assert (lines.lines.tolist(), [each.row for each in lines.rejected], lines.last_line) == ([3, 1], [2], 3)


def test_rows_of_advanced_trade_are_read_as_well() -> None:
    lines = read(ROW | {"trade_id": "74", "side": "SELL", "product_id": "BTC-USD"})

    assert lines.trades.trades() == read(ROW).trades.trades()


@pytest.mark.parametrize("text", ["0.123456789012345678901234567890", "123456789012345678901234567890.5", "1E-8", "7"])
def test_numbers_of_any_length_stay_exact(text: str) -> None:
    trade = read(ROW | {"price": text}).trades.trades()[0]

    assert trade.price == Decimal(text)


@given(st.decimals(min_value="1e-20", max_value=10**15, allow_nan=False).filter(lambda value: value > 0))
def test_any_price_comes_back_digit_for_digit(value: Decimal) -> None:
    [trade] = read(ROW | {"price": f"{value:f}"}).trades.trades()

    assert trade.price == value


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2024-08-08T23:54:15Z", 0),
        ("2024-08-08T23:54:15.3Z", 300_000),
        ("2024-08-08T23:54:15.342017+00:00", 342_017),
        ("2024-08-08T23:54:15.342017999Z", 342_017),
    ],
)
def test_times_of_any_fineness_are_kept_to_the_microsecond(text: str, microsecond: int) -> None:
    assert read(ROW | {"time": text}).trades.trades()[0].ts == AT.replace(microsecond=microsecond)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price": 61837.63}, "not given as a text: it may have been rounded"),
        ({"price": Number("61837.63")}, "not given as a text: it may have been rounded"),
        ({"price": "0.00000000"}, "price"),
        ({"size": "-1"}, "size"),
        ({"size": "NaN"}, "no decimal number"),
        ({"price": "٣"}, "no decimal number"),
        ({"side": "BOTH"}, "neither buy nor sell"),
        ({"side": None}, "neither buy nor sell"),
        ({"trade_id": 0}, "none that a trade can have"),
        ({"trade_id": -1}, "none that a trade can have"),
        ({"trade_id": 2**63}, "none that a trade can have"),
        ({"trade_id": True}, "no whole number"),
        ({"trade_id": "7a"}, "no whole number"),
        ({"time": 1_723_161_255}, "no time in UTC"),
        ({"time": "2024-08-08 23:54:15"}, "no time in UTC"),
        ({"time": "2024-08-08T23:54:15+02:00"}, "no time in UTC"),
        ({"time": "2024-02-30T23:54:15Z"}, "no time: "),
        ({"time": "1999-08-08T23:54:15Z"}, "between 2009 and tomorrow"),
        ({"time": "2124-08-08T23:54:15Z"}, "between 2009 and tomorrow"),
    ],
)
def test_a_row_that_is_no_trade_says_why(change: dict[str, Any], said: str) -> None:
    assert said in reason(ROW | change)


@pytest.mark.parametrize("name", ["trade_id", "price", "size", "side", "time"])
def test_a_field_that_is_missing_is_named(name: str) -> None:
    assert reason({field: value for field, value in ROW.items() if field != name}) == f"it has no field {name!r}"


@pytest.mark.parametrize("row", [None, 5, "x", [], [1, 2]])
def test_a_row_of_another_kind_is_rejected(row: Any) -> None:
    assert reason(row) == "it is no object"


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"message":"NotFound"}', b"7"])
def test_what_is_no_page_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        payloads.rows_in(answer(body), "trades")


def candles(*rows: Any, received_at: datetime = RECEIVED) -> list[Any]:
    lines = payloads.candles(answer(list(rows), CANDLES, received_at))
    assert not lines.rejected
    return list(lines.candles)


def test_a_candle_s_numbers_are_exact_in_coinbase_s_order() -> None:
    [candle] = candles(CANDLE)

    assert candle.open_time == EPOCH + timedelta(seconds=MINUTE)
    assert (candle.low, candle.high) == (Decimal("61830.1"), Decimal(61840))
    assert (candle.open, candle.close, candle.volume) == (
        Decimal("61835.10"), Decimal("61839.99"), Decimal("12.345678901")
    )  # fmt: skip
    assert (candle.quote_volume, candle.trade_count) == (None, None)


@pytest.mark.parametrize("text", ["0.30000000000000004", "1e-10", "123456789.12345678901234567890"])
def test_a_candle_s_volume_never_goes_through_a_float(text: str) -> None:
    body = f"[[{MINUTE},1,3,2,2,{text}]]".encode()

    [candle] = payloads.candles(answer(body, CANDLES, RECEIVED)).candles
    assert candle.volume == Decimal(text)


def test_candles_come_oldest_first() -> None:
    found = candles(CANDLE, [MINUTE - 60, *CANDLE[1:]])

    assert [each.open_time for each in found] == sorted(each.open_time for each in found)


@pytest.mark.parametrize(("seconds", "count"), [(64, 0), (65, 1)])
def test_a_candle_is_left_out_until_it_is_over(seconds: int, count: int) -> None:
    received_at = EPOCH + timedelta(seconds=MINUTE + seconds)

    assert len(candles(CANDLE, received_at=received_at)) == count


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([*CANDLE, 1], "no list of time, low"),
        (CANDLE[:5], "no list of time, low"),
        ({"start": MINUTE}, "no field 'low'"),
        ([str(MINUTE) + "x", *CANDLE[1:]], "no whole number of seconds"),
        ([MINUTE * 1000, *CANDLE[1:]], "between 2009 and tomorrow"),
        ([MINUTE + 1, *CANDLE[1:]], "does not open on a minute"),
        ([MINUTE, 61836, *CANDLE[2:]], "do not enclose"),
        ([MINUTE, Number("-1.5"), *CANDLE[2:]], "not above zero"),
        ([MINUTE, None, *CANDLE[2:]], "not given as a text"),
    ],
)
def test_a_row_that_is_no_minute_candle_says_why(row: Any, said: str) -> None:
    [rejected] = payloads.candles(answer([row], CANDLES, RECEIVED)).rejected

    assert said in rejected.reason


@pytest.mark.parametrize("query", ["granularity=300", "granularity=ONE_HOUR", "", "granularity=soon"])
def test_candles_of_another_width_are_rejected_each(query: str) -> None:
    lines = payloads.candles(answer([CANDLE, CANDLE], f"/products/BTC-USD/candles?{query}", RECEIVED))

    assert (len(lines.candles), len(lines.rejected)) == (0, 2)


def test_a_ticker_is_a_quote_with_its_volume_in_quote_currency() -> None:
    [quote] = payloads.ticker(answer(TICKER)).quotes

    assert (quote.ts, quote.price, quote.bid, quote.ask) == (
        AT, Decimal("61837.63"), Decimal("61837.62"), Decimal("61837.64")
    )  # fmt: skip
    assert quote.volume_24h == Decimal("5957.11914015") * Decimal("61837.63")


@pytest.mark.parametrize("nobody", ["0", "0.00", "", None])
def test_where_nobody_bids_there_is_no_bid(nobody: str | None) -> None:
    [quote] = payloads.ticker(answer(TICKER | {"bid": nobody})).quotes

    assert (quote.bid, quote.ask) == (None, Decimal("61837.64"))


def test_a_ticker_without_a_price_is_rejected() -> None:
    lines = payloads.ticker(answer({"message": "maintenance"}))

    assert (len(lines.quotes), lines.rejected[0].reason) == (0, "it has no field 'price'")

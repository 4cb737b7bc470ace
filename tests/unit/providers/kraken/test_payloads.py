"""Kraken's REST answers become exact trades and candles; what is neither is rejected with its reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import Side, Trade
from candlewick.domain.raw import CandleLines, Payload
from candlewick.providers.exact_json import Number, loads, written
from candlewick.providers.kraken import payloads
from markets import LATER
from unit.providers.kraken.wire import CANDLE, OLD_ROW, ROW, answer, changed, page

AT = datetime(2025, 11, 10, 17, 23, 53, 971_744, tzinfo=UTC)
OPENED = datetime(2025, 11, 10, 12, 19, tzinfo=UTC)


def candles(rows: list[Any], received_at: datetime = LATER, last: object = 1_762_820_160) -> CandleLines:
    given = page(rows, "/0/public/OHLC?pair=XBTUSD&interval=1", last)
    return payloads.candles(Payload(given.source, given.endpoint, given.body, received_at))


def test_a_trade_is_exact_and_takes_the_aggressor_s_side() -> None:
    assert payloads.trades(page([ROW, changed(ROW, 3, "s")])).trades.trades() == [
        Trade(10218208, Decimal("105433.6"), Decimal("0.00027625"), side, AT) for side in (Side.BUY, Side.SELL)
    ]


@pytest.mark.parametrize(
    ("time", "microsecond"),
    [("1762795433.9717449", 971_744), ("1762795433.9717", 971_700), ("1762795433.5", 500_000), ("1762795433", 0)],
)
def test_a_time_is_read_from_its_text_and_cut_to_microseconds(time: str, microsecond: int) -> None:
    lines = payloads.trades(page([changed(ROW, 2, Number(time)), ROW]))

    assert lines.trades.trades()[0].ts == AT.replace(microsecond=microsecond)


@pytest.mark.parametrize("price", ["0.123456789012345678901234567890", "123456789012345678901234567890.5", "1E-8", "7"])
def test_numbers_of_any_length_stay_exact(price: str) -> None:
    lines = payloads.trades(page([changed(ROW, 0, price), changed(ROW, 6, 8)]))

    assert lines.trades.price.decimals() == [Decimal(price), Decimal("105433.6")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (changed(ROW, 0, Number("105433.6")), "price '105433.6' is not given as a text"),
        (changed(ROW, 1, 1), "volume 1 is not given as a text"),
        (changed(ROW, 0, "0.00000"), "price 0.00000 is not above zero"),
        (changed(ROW, 1, "0"), "size 0 is not above zero"),
        (changed(ROW, 0, "-1"), "price -1 is not above zero"),
        (changed(ROW, 0, "NaN"), "price 'NaN' is no decimal number"),
        (changed(ROW, 0, "1,2"), "no decimal number"),
        (changed(ROW, 0, "1\n2"), "no decimal number"),
        (changed(ROW, 2, "1762795433.9717445"), "time '1762795433.9717445' is no number"),
        (changed(ROW, 2, 1_762_795_433_971), "does not lie between 2009 and tomorrow"),
        (changed(ROW, 2, Number("-1762795433.5")), "does not lie between 2009 and tomorrow"),
        (changed(ROW, 2, Number("1e99")), "does not lie between 2009 and tomorrow"),
        (changed(ROW, 3, "buy"), "side 'buy' is neither 'b' nor 's'"),
        (changed(ROW, 3, None), "side None is neither"),
        (changed(ROW, 6, -1), "trade id -1 marks a trade that never happened"),
        (changed(ROW, 6, 2**64 - 1), "does not fit 64 bits"),
        (changed(ROW, 6, "7"), "trade id '7' is no whole number"),
        (changed(ROW, 6, True), "trade id True is no whole number"),
        (ROW[:5], "no list of at least 6 values"),
        ({"price": "1"}, "no list of at least 6 values"),
        (None, "no list of at least 6 values"),
    ],
)
def test_a_row_that_is_no_trade_is_rejected_and_the_rest_goes_on(row: Any, reason: str) -> None:
    lines = payloads.trades(page([ROW, row, changed(ROW, 6, 9)]))

    assert (lines.trades.sequence.tolist(), lines.lines.tolist()) == ([10218208, 9], [1, 3])
    (rejected,) = lines.rejected
    assert rejected.row == 2
    assert reason in rejected.reason
    assert rejected.text == written(row)


def test_values_that_we_do_not_know_do_no_harm() -> None:
    assert len(payloads.trades(page([[*ROW, "new", {"deep": []}]])).trades) == 1


def test_rows_with_and_without_ids_stay_in_their_order() -> None:
    lines = payloads.trades(page([OLD_ROW, ROW, OLD_ROW]))

    assert lines.lines.tolist() == [1, 2, 3]
    assert lines.trades.sequence.tolist()[1] == 10218208


def test_an_empty_page_is_no_trades() -> None:
    lines = payloads.trades(page([]))

    assert (len(lines.trades), lines.rejected, lines.last_line) == (0, [], 0)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no JSON"),
        (b"<html>", "no JSON"),
        (b"[]", "no object"),
        (b"null", "no object"),
        (b'{"error":["EQuery:Unknown asset pair"],"result":{}}', "it is an error: EQuery:Unknown asset pair"),
        (b'{"error":[]}', "it has no result"),
        (b'{"error":[],"result":[]}', "it has no result"),
        (b'{"error":[],"result":{"last":"1"}}', "it has 0 pairs instead of one"),
        (b'{"error":[],"result":{"A":[],"B":[]}}', "it has 2 pairs instead of one"),
        (b'{"error":[],"result":{"A":{}}}', "its pair has no list of rows"),
    ],
)
def test_what_is_no_page_is_malformed(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedPayload, match=reason):
        payloads.trades(Payload("kraken", "/0/public/Trades", body, LATER))


@pytest.mark.parametrize(
    ("last", "text"),
    [("1762820035982277754", "1762820035982277754"), (1_762_820_160, "1762820160"), (None, ""), ("x", ""), ("-1", "")],
)
def test_a_page_says_where_it_ends_in_its_own_digits(last: object, text: str) -> None:
    assert payloads.page_of(page([], last=last)).last == text


def test_a_page_need_not_say_where_it_ends() -> None:
    assert payloads.page_of(answer({"XXBTZUSD": []})).last == ""


def test_a_candle_is_exact() -> None:
    (candle,) = candles([CANDLE]).candles

    assert candle.open_time == OPENED
    assert (candle.open, candle.high, candle.low, candle.close) == tuple(map(Decimal, CANDLE[1:5]))
    assert (candle.volume, candle.trade_count) == (Decimal("0.08317981"), 3)
    assert (candle.quote_volume, candle.taker_buy_volume, candle.taker_buy_quote_volume) == (None, None, None)


@pytest.mark.parametrize(("seconds", "found"), [(30, 0), (60, 0), (70, 1)])
def test_a_minute_that_was_not_over_is_left_out(seconds: int, found: int) -> None:
    lines = candles([CANDLE], OPENED + timedelta(seconds=seconds))

    assert (len(lines.candles), lines.rejected) == (found, [])


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (1, Number("106038.3"), "open '106038.3' is not given as a text"),
        (2, "1", "do not enclose"),
        (6, "-1", "a volume is negative"),
        (7, "3", "trade count '3' is no whole number"),
        (0, 1_762_777_141, "does not open on a minute"),
        (0, 1_762_777_140_000, "is no second between 2009 and tomorrow"),
        (0, Number("1762777140.0"), "is no second between 2009 and tomorrow"),
    ],
)
def test_a_row_that_is_no_minute_candle_is_rejected(at: int, value: object, reason: str) -> None:
    lines = candles([CANDLE, changed(CANDLE, at, value), CANDLE[:5], 3])

    assert len(lines.candles) == 1
    assert [each.row for each in lines.rejected] == [2, 3, 4]
    assert reason in lines.rejected[0].reason


def test_candles_of_another_width_are_refused() -> None:
    with pytest.raises(MalformedPayload, match="of 5 minutes, not of one"):
        payloads.candles(page([CANDLE], "/0/public/OHLC?pair=XBTUSD&interval=5"))


def test_a_rejected_row_keeps_the_digits_of_its_numbers() -> None:
    (rejected,) = payloads.trades(page([changed(ROW, 0, Number("105433.60000"))])).rejected

    assert loads(rejected.text.encode()) == changed(ROW, 0, Number("105433.60000"))
    assert "[105433.60000," in rejected.text

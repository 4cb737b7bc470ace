"""What is odd about Coinbase, one test each, in the words of what we know about providers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import Side
from candlewick.domain.time import EPOCH, Window
from candlewick.providers.coinbase import frames, payloads
from candlewick.providers.coinbase.history import CoinbaseCandles, CoinbaseTrades
from coinbase_simulated import instrument
from simulated import DAY
from source_doubles import client
from unit.providers.coinbase.wire import AT, CANDLES, HEARTBEAT, MATCH, MINUTE, ROW, TRADES, answer, frames_of


def stored(*rows: Any, received_at: Any = AT + timedelta(seconds=5)) -> list[int]:
    payload = answer(list(rows), TRADES, received_at)
    lines = payloads.trades(payload, payloads.rows_in(payload, "trades"))
    return [int(number) for number in lines.trades.sequence]


class OneMoment:
    """A product whose trades all happened in the same microsecond."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self, request: httpx.Request) -> httpx.Response:
        after = min(int(request.url.params.get("after", self.count + 1)), self.count + 1)
        first = max(after - int(request.url.params["limit"]), 1)
        return httpx.Response(200, json=[ROW | {"trade_id": number} for number in range(after - 1, first - 1, -1)])


async def test_paging_by_timestamp_loses_trades_of_the_same_moment() -> None:
    http, *_ = client(OneMoment(2_500))
    history = CoinbaseTrades(http)

    cursor, found = await history.start(instrument(), Window(AT - timedelta(minutes=1), AT + timedelta(minutes=1))), []
    while cursor is not None:
        fetched = history.read(instrument(), await history.page(instrument(), cursor))
        found += fetched.rows.trades.sequence.tolist()
        cursor = fetched.next
    assert found == list(range(1, 2_501))


def test_coinbase_side_is_the_maker_s_so_the_aggressor_is_stored() -> None:
    assert frames.read(frames_of(MATCH | {"side": "sell"}))["BTC-USD"].trades.trades()[0].side is Side.BUY


async def test_zero_volume_candles_are_omitted_by_coinbase_and_never_made_up() -> None:
    first = int(DAY.timestamp())
    rows = [[first + 600, 1, 2, 1, 2, 5], [first, 1, 2, 1, 2, 5]]
    http, *_ = client(lambda _: httpx.Response(200, json=rows))
    history = CoinbaseCandles(http)

    payload = await history.page(instrument(), Window(DAY, DAY + timedelta(minutes=20)))
    opened = [candle.open_time for candle in history.read(instrument(), payload).rows.candles]
    assert opened == [DAY, DAY + timedelta(minutes=10)]


def test_the_last_candle_is_unfinished_and_left_out() -> None:
    rows = [[MINUTE + 60, 1, 2, 1, 2, 5], [MINUTE, 1, 2, 1, 2, 5]]
    received_at = EPOCH + timedelta(seconds=MINUTE + 90)

    lines = payloads.candles(answer(rows, CANDLES, received_at))
    assert [candle.open_time for candle in lines.candles] == [EPOCH + timedelta(seconds=MINUTE)]


def test_candles_are_json_numbers_and_keep_their_digits() -> None:
    body = f"[[{MINUTE - 600},0.1,0.3,0.1,0.3,0.1234567890123456789]]".encode()

    [candle] = payloads.candles(answer(body, CANDLES, AT)).candles
    assert (candle.low, candle.volume) == (Decimal("0.1"), Decimal("0.1234567890123456789"))


def test_the_exchange_s_clock_is_1_3_s_ahead_of_ours() -> None:
    assert stored(ROW, received_at=AT - timedelta(seconds=1.3)) == [74]


def test_hundreds_of_trades_in_one_moment_keep_the_order_of_their_ids() -> None:
    rows = [ROW | {"trade_id": number} for number in range(500, 0, -1)]

    assert stored(*rows) == list(range(1, 501))


@pytest.mark.parametrize("marker", [{"price": "0.00"}, {"size": "0"}, {"trade_id": -1}])
def test_an_invalid_marker_is_a_dead_letter_with_the_reason(marker: dict[str, Any]) -> None:
    payload = answer([ROW | marker, ROW])

    lines = payloads.trades(payload, payloads.rows_in(payload, "trades"))
    assert (len(lines.trades), len(lines.rejected)) == (1, 1)
    assert lines.rejected[0].reason


def test_the_sequence_of_a_feed_counts_all_book_events() -> None:
    found = frames.read(frames_of(MATCH | {"sequence": 9}, MATCH | {"sequence": 5_000, "trade_id": 75}))

    assert found["BTC-USD"].trades.sequence.tolist() == [74, 75]


def test_heartbeats_have_been_seen_with_a_last_trade_of_zero() -> None:
    assert frames.tips(frames_of(HEARTBEAT | {"last_trade_id": 0})) == {}


@pytest.mark.parametrize("body", [b'{"message":"maintenance"}', b"<html>busy</html>", b"null"])
def test_http_200_carries_an_error_or_a_page(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        payloads.rows_in(answer(body), "trades")


def test_a_price_a_hundred_times_off_is_kept_as_received() -> None:
    payload = answer([ROW, ROW | {"trade_id": 75, "price": "6183763.00"}])

    assert len(payloads.trades(payload, payloads.rows_in(payload, "trades")).trades) == 2

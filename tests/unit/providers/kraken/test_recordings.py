"""Every recording of Kraken is read with no row unaccounted for, its values as they stand in the file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from candlewick.domain.market import Side
from candlewick.domain.raw import Payload
from candlewick.domain.time import EPOCH, microseconds
from candlewick.providers.kraken import payloads
from unit.providers.kraken.wire import recorded_body, texts

TRADES = [("rest/http_trades.json.gz", "XBTUSDT"), ("rest_recorded/Trades_BCHEUR_2019.json", "BCHEUR")]
RECEIVED = datetime(2025, 11, 11, 0, 17, 10, tzinfo=UTC)
"""When the last answer of that session was recorded, by its own words."""


def payload(name: str, endpoint: str = "/0/public/Trades", received_at: datetime = RECEIVED) -> Payload:
    return Payload("kraken", endpoint, recorded_body(name), received_at)


def cut_to_microseconds(seconds: str) -> int:
    whole, _, fraction = seconds.partition(".")
    return int(whole + f"{fraction:0<6}"[:6])


@pytest.mark.parametrize(("name", "pair"), TRADES)
def test_every_recorded_trade_is_stored_digit_for_digit(name: str, pair: str) -> None:
    lines = payloads.trades(payload(name))
    rows: Sequence[Sequence[str]] = texts(recorded_body(name))[pair]

    trades = lines.trades.trades()
    assert (len(rows), len(trades), lines.rejected) == (1000, 1000, [])
    assert lines.lines.tolist() == list(range(1, 1001))
    assert len(set(lines.trades.sequence.tolist())) == 1000
    sides = {"b": Side.BUY, "s": Side.SELL}
    for trade, row in zip(trades, rows, strict=True):
        assert (trade.price, trade.size, trade.side) == (Decimal(row[0]), Decimal(row[1]), sides[row[3]])
        assert microseconds(trade.ts) == cut_to_microseconds(row[2])
        if len(row) > 6:
            assert trade.sequence == int(row[6])


def test_recorded_trade_ids_are_contiguous() -> None:
    sequences = payloads.trades(payload("rest/http_trades.json.gz")).trades.sequence.tolist()

    assert sequences == list(range(10218208, 10219208))


@pytest.mark.parametrize(("name", "pair"), TRADES)
def test_a_recorded_page_ends_in_the_nanosecond_of_its_last_trade(name: str, pair: str) -> None:
    last = payloads.page_of(payload(name)).last
    row = texts(recorded_body(name))[pair][-1]

    assert abs(Decimal(last) / 10**9 - Decimal(row[2])) < Decimal("0.0001")
    assert int(last) > 2**53


def test_every_recorded_minute_is_a_candle_but_the_running_one() -> None:
    endpoint = "/0/public/OHLC?pair=XBTUSDT&interval=1"
    lines = payloads.candles(payload("rest/http_ohlc.json.gz", endpoint))
    rows: list[list[Any]] = texts(recorded_body("rest/http_ohlc.json.gz"))["XBTUSDT"]

    assert (len(rows), len(lines.candles), lines.rejected) == (721, 720, [])
    for candle, row in zip(lines.candles, rows, strict=False):
        assert (candle.open_time - EPOCH).total_seconds() == int(row[0])
        assert (candle.open, candle.high, candle.low, candle.close) == tuple(map(Decimal, row[1:5]))
        assert (candle.volume, candle.trade_count) == (Decimal(row[6]), int(row[7]))

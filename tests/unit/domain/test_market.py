"""Instrument keys, trades and minute candles: what they refuse to be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.candle import MinuteCandle
from candlewick.domain.errors import InvalidCandle, InvalidInstrumentKey, InvalidTrade, NaiveDateTime
from candlewick.domain.market import InstrumentKey, Side, Trade

NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)
TRADE = Trade(1, Decimal(5), Decimal(2), Side.BUY, NOON)
CANDLE = MinuteCandle(
    NOON, Decimal(5), Decimal(7), Decimal(4), Decimal(6), Decimal(10), Decimal(55), 3, Decimal(1), Decimal(6)
)


@pytest.mark.parametrize(
    "text", ["binance:BTC-USDT", "binance:1000SHIB-USDT", "kraken:币安-USD", "nyse.arca:BRK.B-USD"]
)
def test_a_key_is_read_as_it_is_written(text: str) -> None:
    assert str(InstrumentKey.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BTC-USDT",
        "binance:BTC",
        "binance:BTC-USDT-X",
        "Binance:BTC-USDT",
        "a:b:C-D",
        "binance: BTC-USDT",
        "x:\0-U",
        "x:A-B\n",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInstrumentKey, match="venue:BASE-QUOTE"):
        InstrumentKey.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    try:
        key = InstrumentKey.parse(text)
    except InvalidInstrumentKey:
        return
    assert str(key) == text


def test_a_trade_has_one_moment_whatever_its_zone() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    assert replace(TRADE, ts=elsewhere).ts.tzinfo is UTC


@pytest.mark.parametrize(
    "change",
    [
        {"price": Decimal(0)},
        {"price": Decimal("NaN")},
        {"size": Decimal(-1)},
        {"size": Decimal("Infinity")},
        {"sequence": 2**63},
    ],
)
def test_a_trade_that_cannot_have_happened_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidTrade):
        replace(TRADE, **change)  # type: ignore[arg-type]


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(NaiveDateTime):
        replace(TRADE, ts=NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    "change",
    [
        {"open_time": NOON + timedelta(seconds=1)},
        {"high": Decimal("5.9")},
        {"low": Decimal("5.1")},
        {"low": Decimal(0)},
        {"close": Decimal("NaN")},
        {"volume": Decimal(-1)},
        {"quote_volume": Decimal("sNaN")},
        {"trade_count": -1},
    ],
)
def test_a_candle_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidCandle):
        replace(CANDLE, **change)  # type: ignore[arg-type]


def test_a_candle_may_leave_out_what_its_source_does_not_say() -> None:
    candle = replace(CANDLE, quote_volume=None, trade_count=None, taker_buy_volume=None, taker_buy_quote_volume=None)
    assert candle.quote_volume is None

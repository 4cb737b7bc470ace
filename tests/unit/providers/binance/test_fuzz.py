"""Payloads, frames and lines that something has damaged: nothing crashes, and each row is stored or rejected."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import InvalidInput, MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.ports import Frame
from candlewick.providers.binance import frames, rows
from candlewick.providers.binance.reader import BinanceReader
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.exact_json import written
from markets import LATER
from mutations import DAMAGED, mutated
from unit.providers.binance.test_tickers import BOOK, ROW

TRADE = {"id": 7, "price": "1.5", "qty": "2", "time": 1_723_161_240_000, "isBuyerMaker": True, "isBestMatch": True}
AGGREGATE = {"a": 7, "p": "1.5", "q": "2", "f": 1, "l": 2, "T": 1_723_161_240_000, "m": False, "M": True}
KLINE = [1_723_161_240_000, "1", "3", "1", "2", "5", 1_723_161_299_999, "9", 4, "2", "3", "0"]
SYMBOL = {
    "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT",
    "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.01"}, {"filterType": "LOT_SIZE", "stepSize": "0.001"}],
}  # fmt: skip
ANSWERS: dict[str, tuple[str, Any]] = {
    "trades": ("/api/v3/historicalTrades?symbol=BTCUSDT", [TRADE, TRADE | {"id": 8}]),
    "aggregates": ("/api/v3/aggTrades?symbol=BTCUSDT", [AGGREGATE, AGGREGATE | {"a": 8}]),
    "klines": (
        "/api/v3/klines?symbol=BTCUSDT",
        [KLINE, [1_723_161_300_000, *KLINE[1:6], 1_723_161_359_999, *KLINE[7:]]],
    ),
    "tickers": ("/api/v3/ticker/24hr", [ROW, ROW | {"symbol": "ETHUSDT"}]),
    "books": ("/api/v3/ticker/bookTicker", [BOOK, BOOK | {"symbol": "ETHUSDT"}]),
    "ticker": ("/api/v3/ticker/24hr?symbol=BTCUSDT", ROW),
    "listings": ("/api/v3/exchangeInfo", {"symbols": [SYMBOL, SYMBOL | {"symbol": "ETHUSDT", "baseAsset": "ETH"}]}),
}
EVENTS: dict[str, Any] = {
    "trade": {"e": "trade", "E": 1, "s": "BTCUSDT", "t": 7, "p": "1", "q": "2", "T": 1_723_161_240_000, "m": True},
    "aggregate": {"stream": "btcusdt@aggTrade", "data": {"e": "aggTrade", "E": 1, "s": "BTCUSDT", **AGGREGATE}},
    "ticker": {
        "e": "24hrTicker",
        "E": 1,
        "s": "BTCUSDT",
        "c": "1.5",
        "b": "1",
        "a": "2",
        "q": "9",
        "P": "-0.5",
        "C": 1_723_161_240_000,
    },
    "book": {"stream": "x", "data": {"u": 1, "s": "BTCUSDT", "b": "1", "B": "1", "a": "2", "A": "1"}},
    "answer": {"result": None, "id": 1},
    "error": {"error": {"code": 2, "msg": "Invalid request"}, "id": 1},
}
LINES = {
    "trade": "7,1.50000000,2.0,3.0,1723161240000,True,True",
    "aggregate": "7,1.5,2.0,1,2,1723161240000,False,True",
    "kline": "1723161240000,1,3,1,2,5,1723161299999,9,4,2,3,0",
}


def kept(texts: list[str]) -> None:
    """A database can keep them."""
    for text in texts:
        assert "\0" not in text
        assert text.encode()


@pytest.mark.parametrize("name", ANSWERS)
@DAMAGED
@given(data=st.data())
def test_a_damaged_answer_is_read_or_malformed(name: str, data: st.DataObject) -> None:
    endpoint, document = ANSWERS[name]
    document = mutated(document, data.draw)
    try:
        found = BinanceReader().read(Payload("binance", endpoint, written(document).encode(), LATER))
    except MalformedPayload:
        return
    for lines in found.trades.values():
        assert len(lines.trades) + len(lines.rejected) == len(document)
        kept([text for each in lines.rejected for text in (each.text, each.reason)])
    if found.quotes:
        rows_ = document if isinstance(document, list) else [document]
        assert sum(len(lines.quotes) + len(lines.rejected) for lines in found.quotes.values()) == len(rows_)
    for quotes in found.quotes.values():
        kept([text for each in quotes.rejected for text in (each.text, each.reason)])
    for candles in found.candles.values():
        assert len(candles.candles) + len(candles.rejected) <= len(document)  # an unfinished one is left out
        kept([text for each in candles.rejected for text in (each.text, each.reason)])


@pytest.mark.parametrize("name", EVENTS)
@DAMAGED
@given(data=st.data())
def test_a_damaged_message_is_a_trade_a_quote_expected_or_rejected(name: str, data: st.DataObject) -> None:
    body = written(mutated(EVENTS[name], data.draw)).encode()
    found, quotes = frames.read([Frame(body, LATER)]), frames.quotes([Frame(body, LATER)])
    told = sum(len(lines.trades) + len(lines.rejected) for lines in found.values())
    quoted = sum(len(lines.quotes) + len(lines.rejected) for lines in quotes.values())
    assert told + quoted <= 1
    kept([text for lines in quotes.values() for each in lines.rejected for text in (each.text, each.reason)])
    kept([text for lines in found.values() for each in lines.rejected for text in (each.text, each.reason)])
    frames.refusal(body)
    frames.is_goodbye(body)


@DAMAGED
@given(body=st.binary(max_size=64))
def test_bytes_that_are_no_message_are_rejected(body: bytes) -> None:
    found = frames.read([Frame(body, LATER)])
    assert sum(len(lines.trades) for lines in found.values()) == 0
    assert not frames.quotes([Frame(body, LATER)])
    frames.refusal(body)


@pytest.mark.parametrize("name", LINES)
@DAMAGED
@given(data=st.data())
def test_a_damaged_line_is_read_or_unreadable(name: str, data: st.DataObject) -> None:
    line = LINES[name]
    place = data.draw(st.integers(0, len(line)))
    junk = data.draw(st.text(max_size=4) | st.sampled_from(["nan", "1e999", "-", ",", '"', "\0", "0"]))
    damaged = line[:place] + junk + line[place + data.draw(st.integers(0, 3)) :]
    times = EventTimes.until_tomorrow(LATER)
    try:
        if name == "kline":
            rows.candle(damaged, times)
        else:
            tape = next(tape for tape, layout in rows.LAYOUTS.items() if layout.fields == line.count(",") + 1)
            rows.trade(damaged, rows.LAYOUTS[tape], times)
    except (Unreadable, InvalidInput) as error:
        kept([str(error)])

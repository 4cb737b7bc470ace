"""Payloads that something has damaged: nothing crashes, and each row is stored or rejected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.ports import Frame
from candlewick.providers.coinbase import frames, payloads, products
from candlewick.providers.coinbase.history import CoinbaseTrades
from candlewick.providers.coinbase.reader import CoinbaseReader
from candlewick.providers.exact_json import NotJson, loads, written
from markets import LATER
from mutations import DAMAGED, mutated
from source_doubles import client, instrument
from unit.providers.coinbase.wire import CANDLE, CANDLES, HEARTBEAT, MATCH, PRODUCT, ROW, TICKER, TRADES

ADVANCED_TRADE = ROW | {"trade_id": "74", "side": "SELL", "product_id": "BTC-USD"}
ADVANCED_CANDLE = {"start": "1723161240", "low": "1", "high": "3", "open": "2", "close": "2", "volume": "1.5"}
ANSWERS: dict[str, tuple[str, Any]] = {
    "trades": (TRADES, [ROW, ROW | {"trade_id": 73}, ROW]),
    "advanced trades": ("/api/v3/brokerage/market/products/BTC-USD/ticker", {"trades": [ADVANCED_TRADE] * 2}),
    "candles": (CANDLES, [CANDLE, CANDLE]),
    "advanced candles": (CANDLES, {"candles": [ADVANCED_CANDLE]}),
    "ticker": ("/products/BTC-USD/ticker", TICKER),
    "products": ("/products", [PRODUCT, PRODUCT | {"id": "ETH-USD", "base_currency": "ETH"}]),
}
MARKET_TRADES = {"channel": "market_trades", "events": [{"type": "update", "trades": [ADVANCED_TRADE, ADVANCED_TRADE]}]}
ADVANCED_TICKER = {
    "channel": "ticker", "timestamp": ROW["time"], "events": [{"tickers": [{"product_id": "BTC-USD", "price": "1"}]}]
}  # fmt: skip
MESSAGES: dict[str, Any] = {
    "match": MATCH,
    "heartbeat": HEARTBEAT,
    "error": {"type": "error", "message": "Failed to subscribe", "reason": "X-USD is not a valid product"},
    "market_trades": MARKET_TRADES,
    "ticker": ADVANCED_TICKER,
}
HTTP, *_ = client(lambda _: pytest.fail("it is pure"))


def check(rejected: list[Rejected]) -> None:
    """A database can keep them."""
    for each in rejected:
        for text in (each.text, each.reason):
            assert "\0" not in text
            assert text.encode()


def rows_of(document: Any, name: str) -> int:
    """How many rows a page has that is one."""
    found = document if isinstance(document, list) else document[name]
    return len(found)


@pytest.mark.parametrize("name", ANSWERS)
@DAMAGED
@given(data=st.data())
def test_a_damaged_answer_is_read_or_malformed(name: str, data: st.DataObject) -> None:
    endpoint, document = ANSWERS[name]
    document = mutated(document, data.draw)
    payload = Payload("coinbase", endpoint, written(document).encode(), LATER)
    try:
        found = CoinbaseReader().read(payload)
    except MalformedPayload:
        return
    trades = [*found.trades.values()]
    for lines in trades:
        check(list(lines.rejected))
        assert len(lines.trades) + len(lines.rejected) == rows_of(document, "trades")
    for candles in found.candles.values():
        check(list(candles.rejected))
        assert len(candles.candles) + len(candles.rejected) == rows_of(document, "candles")
    for quotes in found.quotes.values():
        check(list(quotes.rejected))
        assert len(quotes.quotes) + len(quotes.rejected) == 1


@DAMAGED
@given(data=st.data())
def test_a_damaged_page_has_a_next_one_or_none(data: st.DataObject) -> None:
    document = mutated([ROW | {"trade_id": 999}, ROW], data.draw)
    try:
        fetched = CoinbaseTrades(HTTP).read(
            instrument(), Payload("coinbase", TRADES, written(document).encode(), LATER)
        )
    except MalformedPayload:
        return

    assert fetched.next in {None, "id:1000"}


def is_json(body: bytes) -> bool:
    try:
        loads(body)
    except NotJson:
        return False
    return True


@pytest.mark.parametrize("name", MESSAGES)
@DAMAGED
@given(data=st.data())
def test_a_damaged_message_is_read_or_rejected(name: str, data: st.DataObject) -> None:
    document = mutated(MESSAGES[name], data.draw)
    body = written(document).encode()
    messages = [Frame(body, LATER)]

    found = frames.read(messages)
    frames.refusal(body)
    frames.heartbeat_of(body)
    frames.tips(messages)
    for lines in found.values():
        check(list(lines.rejected))
    for quotes in frames.quotes(messages).values():
        check(list(quotes.rejected))
    seen = sum(len(lines.trades) + len(lines.rejected) for lines in found.values())
    is_match = isinstance(document, dict) and document.get("type") in ("match", "last_match")
    if is_match or not is_json(body):
        assert seen == 1


@DAMAGED
@given(body=st.binary(max_size=200))
def test_bytes_of_any_kind_are_rejected(body: bytes) -> None:
    reads: list[Callable[[Payload], object]] = [payloads.candles, payloads.ticker, products.listings]
    found = frames.read([Frame(body, LATER)])

    assert all(len(lines.trades) == 0 for lines in found.values())
    assert sum(len(lines.rejected) for lines in found.values()) == 1
    for read in reads:
        with pytest.raises(MalformedPayload):
            read(Payload("coinbase", CANDLES, body, LATER))

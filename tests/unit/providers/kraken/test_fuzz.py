"""Payloads that something has damaged: nothing crashes, and each row is stored or rejected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.ports import Frame
from candlewick.providers import answers
from candlewick.providers.exact_json import NotJson, loads, written
from candlewick.providers.kraken import frames, names, payloads, rest, symbols, tickers
from markets import LATER
from mutations import DAMAGED, JUNK, mutated
from unit.providers.kraken.test_symbols import PAIR
from unit.providers.kraken.test_tickers import TICKER
from unit.providers.kraken.wire import CANDLE, EVENT, OLD_ROW, ROW, changed, message

READERS: dict[str, tuple[Callable[[Payload], object], Any]] = {
    "trades": (payloads.trades, {"XXBTZUSD": [ROW, OLD_ROW, ROW], "last": "1762820035982277754"}),
    "candles": (payloads.candles, {"XXBTZUSD": [CANDLE, CANDLE], "last": 1_762_820_160}),
    "tickers": (tickers.quotes, {"XXBTZUSD": TICKER}),
    "symbols": (symbols.listings, {"XXBTZUSD": PAIR, "XETHZUSD": PAIR | {"altname": "ETHUSD"}}),
}


@pytest.mark.parametrize("name", READERS)
@DAMAGED
@given(data=st.data())
def test_a_damaged_answer_is_read_or_malformed(name: str, data: st.DataObject) -> None:
    read, result = READERS[name]
    document = mutated({"error": [], "result": result}, data.draw)
    body = written(document).encode()
    endpoint = names.marked("/0/public/x?pair=XBTUSD", ["BTC/USD"])

    rest.objection(as_let_through(body))
    try:
        found = read(Payload("kraken", endpoint, body, LATER))
    except MalformedPayload:
        return
    if name in {"trades", "candles"}:
        rows = next(rows for key, rows in document["result"].items() if key != "last")
        stored = len(found.trades) if name == "trades" else None  # type: ignore[attr-defined]
        rejected = found.rejected  # type: ignore[attr-defined]
        assert stored is None or stored + len(rejected) == len(rows)
        for each in rejected:
            assert each.text.encode()
            assert each.reason.encode()


def as_let_through(body: bytes) -> bytes:
    """The body if the HTTP client takes it for JSON; else one that it does."""
    return b"{}" if answers.not_json(body) else body


def is_json(body: bytes) -> bool:
    try:
        loads(body)
    except NotJson:
        return False
    return True


@DAMAGED
@given(data=st.data())
def test_a_damaged_message_is_read_or_rejected(data: st.DataObject) -> None:
    document = mutated(loads(message([EVENT, EVENT | {"symbol": "ETH/EUR"}, EVENT])), data.draw)
    body = written(document).encode()
    found = frames.read([Frame(body, LATER)])

    frames.refusal(body)
    frames.quotes([Frame(body, LATER)])
    for lines in found.values():
        for each in lines.rejected:
            assert each.text.encode()
            assert each.reason.encode()
    is_trades = isinstance(document, dict) and document.get("channel") == "trade" and is_json(body)
    if is_trades and isinstance(document.get("data"), list):
        seen = sum(len(lines.trades) + len(lines.rejected) for lines in found.values())
        assert seen == len(document["data"])


@DAMAGED
@given(rows=st.lists(st.sampled_from([ROW, OLD_ROW]) | JUNK, max_size=6), pair=JUNK | st.just("XBT/USD"))
def test_a_damaged_message_of_v1_is_read_or_rejected(rows: list[Any], pair: Any) -> None:
    texts = [changed(row, 2, str(row[2])) if row in (ROW, OLD_ROW) else row for row in rows]
    body = written([0, texts, "trade", pair]).encode()
    found = frames.read([Frame(body, LATER)])

    seen = sum(len(lines.trades) + len(lines.rejected) for lines in found.values())
    assert seen == (len(rows) if pair == "XBT/USD" and is_json(body) else seen)


@DAMAGED
@given(body=st.binary(max_size=200))
def test_bytes_of_any_kind_are_rejected(body: bytes) -> None:
    found = frames.read([Frame(body, LATER)])

    assert all(len(lines.trades) == 0 for lines in found.values())
    with pytest.raises(MalformedPayload):
        payloads.trades(Payload("kraken", "/0/public/Trades", body, LATER))

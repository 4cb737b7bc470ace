"""Kept payloads are told by their endpoint and read again into the same rows."""

from __future__ import annotations

import pytest

from candlewick.domain.errors import MalformedPayload
from candlewick.providers.coinbase.reader import CoinbaseReader
from candlewick.providers.coinbase.rest import Kind, asked, granularity_in, number_in
from unit.providers.coinbase.wire import CANDLE, CANDLES, MATCH, PRODUCT, ROW, TICKER, TRADES, answer, frames_of

READER = CoinbaseReader()


@pytest.mark.parametrize(
    ("endpoint", "what"),
    [
        ("/products", (Kind.PRODUCTS, "")),
        ("/products/btc-usd", (Kind.PRODUCT, "BTC-USD")),
        ("/products/BTC-USD/trades?limit=5", (Kind.TRADES, "BTC-USD")),
        ("/products/%E5%B8%81-USD/ticker", (Kind.TICKER, "币-USD")),
        ("/api/v3/brokerage/market/products/BTC-USD/candles?start=1", (Kind.CANDLES, "BTC-USD")),
        ("/api/v3/brokerage/products", (Kind.PRODUCTS, "")),
        ("/products/BTC-USD/book", None),
        ("/products/BTC-USD/trades/5", None),
        ("/time", None),
        ("", None),
    ],
)
def test_an_endpoint_says_what_was_asked_and_of_which_product(endpoint: str, what: tuple[Kind, str] | None) -> None:
    assert asked(endpoint) == what


def test_parameters_are_whole_numbers_or_nothing() -> None:
    endpoint = "/products/BTC-USD/trades?limit=1000&after=12&before=x&start=-5&end=" + "9" * 30

    assert [number_in(endpoint, name) for name in ("limit", "after", "before", "start", "end", "nope")] == [
        1000, 12, None, None, None, None
    ]  # fmt: skip
    assert granularity_in("/c?granularity=ONE_MINUTE") == granularity_in("/c?granularity=60") == 60


def test_each_payload_gives_what_it_holds() -> None:
    assert READER.read(answer([ROW], TRADES)).trades["BTC-USD"].trades.sequence.tolist() == [74]
    assert len(READER.read(answer([CANDLE], CANDLES)).candles["BTC-USD"].candles) == 1
    assert len(READER.read(answer(TICKER, "/products/BTC-USD/ticker")).quotes["BTC-USD"].quotes) == 1
    assert [each.symbol for each in READER.read(answer([PRODUCT], "/products")).listings] == ["BTC-USD"]
    assert [each.symbol for each in READER.read(answer(PRODUCT, "/products/BTC-USD")).listings] == ["BTC-USD"]


def test_a_page_is_replayed_whole_with_what_was_not_asked_for() -> None:
    """Where the trades that were asked for are few, older ones fill the page up: they are as true."""
    found = READER.read(answer([ROW, ROW | {"trade_id": 3}], "/products/BTC-USD/trades?limit=10&after=80"))

    assert found.trades["BTC-USD"].trades.sequence.tolist() == [3, 74]


def test_a_stream_s_payload_is_its_messages() -> None:
    lines = b"\n".join(frame.body for frame in frames_of(MATCH, b"broken", MATCH | {"trade_id": 75}))

    found = READER.read(answer(lines, "stream:stream/coinbase/abc"))
    assert found.trades["BTC-USD"].trades.sequence.tolist() == [74, 75]
    assert [each.row for each in found.trades[""].rejected] == [2]


@pytest.mark.parametrize("endpoint", ["/products/BTC-USD/book?level=2", "/api/v3/klines", "stream"])
def test_what_is_nobody_s_answer_is_malformed(endpoint: str) -> None:
    with pytest.raises(MalformedPayload):
        READER.read(answer([ROW], endpoint))

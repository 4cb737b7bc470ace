"""Kept payloads are read again by what their endpoint says."""

from __future__ import annotations

import pytest

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.providers.exact_json import written
from candlewick.providers.kraken.names import marked
from candlewick.providers.kraken.reader import KrakenReader
from markets import LATER
from unit.providers.kraken.test_symbols import PAIR
from unit.providers.kraken.test_tickers import TICKER
from unit.providers.kraken.wire import CANDLE, EVENT, ROW, answer, message, page

READER = KrakenReader()


def test_a_page_of_trades_is_read() -> None:
    found = READER.read(page([ROW], marked("/0/public/Trades?pair=XBTUSD&since=1", ["BTC/USD"])))

    assert found.trades["BTC/USD"].trades.sequence.tolist() == [10218208]


def test_a_page_of_candles_is_read() -> None:
    endpoint = marked("/0/public/OHLC?pair=XBTUSD&interval=1&since=1", ["BTC/USD"])

    assert len(READER.read(page([CANDLE], endpoint, 1_762_820_160)).candles["BTC/USD"].candles) == 1


def test_tickers_are_read() -> None:
    found = READER.read(answer({"XXBTZUSD": TICKER}, marked("/0/public/Ticker?pair=XBTUSD", ["BTC/USD"])))

    assert len(found.quotes["BTC/USD"].quotes) == 1


def test_a_list_of_pairs_is_read() -> None:
    assert [each.symbol for each in READER.read(answer({"X": PAIR}, "/0/public/AssetPairs")).listings] == ["BTC/USD"]


def test_a_batch_of_a_stream_is_read() -> None:
    ticker = {"channel": "ticker", "type": "update", "data": [{"symbol": "BTC/USD", "last": 5}]}
    body = b"\n".join([message([EVENT]), b'{"channel":"heartbeat"}', written(ticker).encode(), b"{"])
    found = READER.read(Payload("kraken", "stream:kraken:live:0", body, LATER))

    assert len(found.trades["BTC/USD"].trades) == 1
    assert [each.row for each in found.trades[""].rejected] == [4]
    assert len(found.quotes["BTC/USD"].quotes) == 1


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("/0/public/Trades?pair=XBTUSD", "does not say of which pair"),
        (marked("/0/public/OHLC?pair=X", ["A/B", "C/D"]), "does not say of which pair"),
        ("/0/public/Depth?pair=XBTUSD", "nothing of that kind is asked of Kraken"),
    ],
)
def test_what_cannot_be_told_by_its_endpoint_is_malformed(endpoint: str, reason: str) -> None:
    with pytest.raises(MalformedPayload, match=reason):
        READER.read(page([ROW], endpoint))

"""Tickers become quotes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.quote import Quote
from candlewick.domain.raw import Payload
from candlewick.ports import Frame
from candlewick.providers.exact_json import Number, written
from candlewick.providers.kraken import frames, names, tickers
from markets import LATER
from unit.providers.kraken.wire import answer, recorded_body

TICKER = {
    "a": ["105944.30000", "1", "1.000"],
    "b": ["105944.20000", "1", "1.000"],
    "c": ["105899.40000", "0.00009443"],
    "v": ["0.78648221", "163.28908096"],
    "p": ["105960.64756", "105904.39279"],
    "t": [35, 3276],
    "o": "106021.60000",
}
QUOTE = Quote(
    LATER,
    price=Decimal("105899.4"),
    bid=Decimal("105944.2"),
    ask=Decimal("105944.3"),
    volume_24h=Decimal("17293030.9683059502784"),
)
ASKED = names.marked("/0/public/Ticker?pair=XBTUSD,ETHUSD", ["BTC/USD", "ETH/USD"])


def frame(ticker: object, kind: str = "update") -> Frame:
    return Frame(written({"channel": "ticker", "type": kind, "data": [ticker]}).encode(), LATER)


def test_a_quote_has_last_bid_ask_and_volume_in_the_quote_asset() -> None:
    assert tickers.quotes(answer({"XXBTZUSD": TICKER}, ASKED))["BTC/USD"].quotes == [QUOTE]


def test_answers_go_by_kraken_s_own_names() -> None:
    found = tickers.quotes(answer({"XETHZUSD": TICKER, "XXBTZUSD": TICKER}, ASKED))

    assert set(found) == {"BTC/USD", "ETH/USD"}


def test_an_answer_that_nobody_asked_for_is_rejected_under_no_name() -> None:
    found = tickers.quotes(answer({"XXBTZUSD": TICKER, "XLTCZUSD": TICKER}, ASKED))

    (rejected,) = found[tickers.NOBODY].rejected
    assert "pair XLTCZUSD was not asked for" in rejected.reason
    assert len(found["BTC/USD"].quotes) == 1


@pytest.mark.parametrize(
    ("ticker", "reason"),
    [
        (TICKER | {"c": []}, "no list 'c'"),
        (TICKER | {"v": ["1"]}, "no list 'v' of at least 2"),
        (TICKER | {"a": [105944.3]}, "not given as a text"),
        (TICKER | {"b": ["-1"]}, "is not above zero"),
        (TICKER | {"v": ["0", "-1"]}, "is below zero"),
        ([], "no list"),
        (None, "no list"),
    ],
)
def test_what_is_no_quote_is_rejected_under_its_symbol(ticker: Any, reason: str) -> None:
    lines = tickers.quotes(answer({"XXBTZUSD": ticker}, ASKED))["BTC/USD"]

    assert lines.quotes == []
    assert reason in lines.rejected[0].reason


def test_nobody_bids_is_no_bid() -> None:
    lines = tickers.quotes(answer({"XXBTZUSD": TICKER | {"b": ["0.00000", "0", "0.000"]}}, ASKED))["BTC/USD"]

    assert lines.quotes[0].bid is None


def test_an_error_is_malformed() -> None:
    with pytest.raises(MalformedPayload):
        tickers.quotes(Payload("kraken", ASKED, b'{"error":["EQuery:Unknown asset pair"]}', LATER))


@pytest.mark.parametrize(
    ("name", "symbol", "volume"),
    [
        ("rest/http_ticker.json", "BTC/USDT", Decimal("163.28908096") * Decimal("105904.39279")),
        ("rest_recorded/Ticker_BCHEUR_2017.json", "BCH/EUR", Decimal("4433.77288826") * Decimal("354.543044")),
    ],
)
def test_recorded_tickers_are_read_exactly(name: str, symbol: str, volume: Decimal) -> None:
    endpoint = names.marked("/0/public/Ticker?pair=X", [symbol])
    (lines,) = tickers.quotes(Payload("kraken", endpoint, recorded_body(name), LATER)).values()

    (quote,) = lines.quotes
    assert quote.volume_24h == volume


def test_a_recorded_stream_s_ticker_is_read_exactly() -> None:
    (lines,) = frames.quotes([Frame(recorded_body("ws_v2/ws_ticker_snapshot.json"), LATER)]).values()

    assert lines.quotes == [
        Quote(
            datetime(2022, 12, 25, 9, 30, 59, 123_456, tzinfo=UTC),
            price=Decimal("105899.40"),
            bid=Decimal("105944.20"),
            ask=Decimal("105944.30"),
            volume_24h=Decimal("163.28908096") * Decimal("105904.39279"),
            change_24h=Decimal("0.24"),
        )
    ]


def test_a_stream_s_ticker_without_a_time_is_of_when_it_came() -> None:
    found = frames.quotes([frame({"symbol": "BTC/USD", "last": Number("1.50"), "bid": None})])

    assert found["BTC/USD"].quotes == [Quote(LATER, price=Decimal("1.50"))]


@pytest.mark.parametrize(
    ("ticker", "symbol", "reason"),
    [
        ({"symbol": "BTC/USD", "last": "1.5"}, "BTC/USD", "last '1.5' is no number"),
        ({"symbol": "BTC/USD"}, "BTC/USD", "it says nothing"),
        ({"symbol": "BTC/USD", "last": 1, "timestamp": "today"}, "BTC/USD", "is no moment"),
        ({"last": 1}, "", "it has no symbol"),
        (None, "", "it has no symbol"),
    ],
)
def test_a_stream_s_ticker_that_is_no_quote_is_rejected(ticker: object, symbol: str, reason: str) -> None:
    lines = frames.quotes([frame(ticker)])[symbol]

    assert (list(lines.quotes), reason in lines.rejected[0].reason) == ([], True)


@pytest.mark.parametrize(
    "body", [b'{"channel":"ticker"}', b'"ticker"', b'{"channel":"x","data":["ticker"]}', b'{"ticker"']
)
def test_other_messages_hold_no_quotes(body: bytes) -> None:
    assert frames.quotes([Frame(body, LATER)]) == {}


def test_no_frames_are_no_quotes() -> None:
    assert frames.quotes([]) == {}

"""Stream messages become trades by symbol; what nobody asked for is kept with its reason."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from candlewick.domain.quote import Quote
from candlewick.domain.time import from_microseconds
from candlewick.ports import Frame
from candlewick.providers.binance import frames
from candlewick.providers.quote_rows import NOBODY
from markets import LATER
from recordings import recording

MS = 1_723_161_255_342
TRADE = {"e": "trade", "E": MS + 1, "s": "BTCUSDT", "t": 7, "p": "61837.63", "q": "0.02", "T": MS, "m": True, "M": True}
AGGREGATE = {
    "e": "aggTrade",
    "E": MS,
    "s": "ETHUSDT",
    "a": 5,
    "p": "2.5",
    "q": "1",
    "f": 1,
    "l": 2,
    "T": MS,
    "m": False,
}


def frame(message: object) -> Frame:
    return Frame(message if isinstance(message, bytes) else orjson.dumps(message), LATER)


def combined(event: dict[str, Any]) -> dict[str, Any]:
    return {"stream": f"{event['s'].lower()}@{event['e']}", "data": event}


def test_raw_and_combined_messages_are_read_alike() -> None:
    found = frames.read([frame(TRADE), frame(combined(TRADE | {"t": 8}))])

    assert found["BTCUSDT"].trades.sequence.tolist() == [7, 8]


def test_each_symbol_has_its_trades_with_their_places() -> None:
    found = frames.read([frame(TRADE), frame(combined(AGGREGATE)), frame(TRADE | {"t": 8})])

    assert {symbol: lines.lines.tolist() for symbol, lines in found.items()} == {"BTCUSDT": [1, 3], "ETHUSDT": [2]}
    assert found["ETHUSDT"].trades.price.decimals() == [Decimal("2.5")]


def test_answers_and_goodbyes_are_nothing() -> None:
    expected = [{"result": None, "id": 1}, {"e": "serverShutdown", "E": MS}, {"result": ["btcusdt@trade"], "id": 2}]

    assert frames.read([frame(each) for each in expected]) == {}


def test_no_frames_are_nothing() -> None:
    assert frames.read([]) == {}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"{", "it is no JSON"),
        (b"", "it is no JSON"),
        (b"[1]", "it is no object"),
        ({"stream": "x", "data": None}, "it is no object"),
        ({"e": "kline", "s": "BTCUSDT"}, "event 'kline' of symbol 'BTCUSDT'"),
        (TRADE | {"s": 5}, "of symbol 5"),
        (TRADE | {"s": ""}, "of symbol ''"),
        ({"error": {"code": 2, "msg": "Invalid request"}, "id": 1}, "event None"),
    ],
)
def test_what_belongs_to_no_symbol_is_rejected_under_no_name(message: object, reason: str) -> None:
    found = frames.read([frame(TRADE), frame(message)])

    (rejected,) = found[NOBODY].rejected
    assert (rejected.row, rejected.received_at) == (2, LATER)
    assert reason in rejected.reason
    assert len(found["BTCUSDT"].trades) == 1


def test_a_bad_trade_is_rejected_under_its_symbol() -> None:
    found = frames.read([frame(TRADE), frame(TRADE | {"p": 61837.63})])

    (rejected,) = found["BTCUSDT"].rejected
    assert rejected.row == 2
    assert "not given as a text" in rejected.reason


TICKER = {
    "e": "24hrTicker", "E": 1_723_161_255_400, "s": "BTCUSDT", "c": "61837.63", "b": "61837.00", "a": "61838.10",
    "q": "15.30000000", "P": "-95.960", "C": 1_723_161_255_399,
}  # fmt: skip
BOOK = {"u": 400900217, "s": "BNBUSDT", "b": "25.35190000", "B": "31.21", "a": "25.36520000", "A": "40.66"}


def test_tickers_are_quotes_and_no_bad_trades() -> None:
    heard = [frame(TRADE), frame(TICKER), frame({"stream": "bnbusdt@bookTicker", "data": BOOK}), frame({"result": 1})]

    found = frames.quotes(heard)

    [[ticker], [book]] = found["BTCUSDT"].quotes, found["BNBUSDT"].quotes
    assert ticker == Quote(
        from_microseconds(1_723_161_255_399_000), Decimal("61837.63"), Decimal("61837.00"), Decimal("61838.10"),
        volume_24h=Decimal("15.30000000"), change_24h=Decimal("-95.960"),
    )  # fmt: skip
    assert book == Quote(LATER, bid=Decimal("25.35190000"), ask=Decimal("25.36520000"))
    assert not frames.read([frame(TICKER), frame(BOOK)])
    assert not frames.quotes([])


@pytest.mark.parametrize(
    ("message", "symbol", "reason"),
    [
        (TICKER | {"c": 1.5}, "BTCUSDT", "c"),
        (TICKER | {"C": "now"}, "BTCUSDT", "no whole number"),
        (BOOK | {"b": None}, "BNBUSDT", "b"),
        (BOOK | {"s": 7}, NOBODY, "names no symbol"),
        (BOOK | {"s": "B" * 65}, NOBODY, "names no symbol"),
    ],
)
def test_a_bad_ticker_is_rejected_with_its_place(message: object, symbol: str, reason: str) -> None:
    heard = [frame(TRADE), frame(message)]
    [(name, lines)] = frames.quotes(heard).items()

    [rejected] = lines.rejected
    assert (name, rejected.row) == (symbol, 2)
    assert reason in rejected.reason
    assert frames.read(heard).keys() == {"BTCUSDT"}, "a ticker is rejected once"


def test_a_message_with_nul_can_be_kept_as_text() -> None:
    (rejected,) = frames.read([frame(b"\x00\xff{")])[NOBODY].rejected

    assert rejected.text == "\\x00\\xff{"


@pytest.mark.parametrize("message", [{"e": "serverShutdown", "E": 1}, {"stream": "!", "data": {"e": "serverShutdown"}}])
def test_a_goodbye_is_known(message: object) -> None:
    assert frames.is_goodbye(orjson.dumps(message))


@pytest.mark.parametrize("message", [TRADE, {"e": "x", "note": "serverShutdown"}, ["serverShutdown"]])
def test_other_messages_are_no_goodbye(message: object) -> None:
    assert not frames.is_goodbye(orjson.dumps(message))


@pytest.mark.parametrize(
    "message", [{"error": {"code": 2, "msg": "Invalid request"}, "id": 1}, {"code": 2, "msg": "Invalid request"}]
)
def test_a_refusal_is_told(message: object) -> None:
    assert frames.refusal(orjson.dumps(message)) == "2: Invalid request"


@pytest.mark.parametrize("message", [TRADE, {"result": None, "id": 1}, ["error", "code"], {"error": "x"}])
def test_other_messages_are_no_refusal(message: object) -> None:
    assert frames.refusal(orjson.dumps(message)) is None


def test_a_recorded_day_of_frames_is_read_exactly() -> None:
    with gzip.open(recording("binance/ws_spot/btcusdt_20240808.gz")) as file:
        lines = [line.split(b" ", 1) for line in file if b"@trade" in line]
    received = [Frame(body, datetime.fromtimestamp(int(ns) // 10**9, UTC)) for ns, body in lines]

    found = frames.read(received)

    events = [orjson.loads(each.body)["data"] for each in received]
    (symbol,) = found
    trades = found[symbol].trades
    assert symbol == "BTCUSDT"
    assert found[symbol].rejected == []
    assert trades.sequence.tolist() == [event["t"] for event in events]
    assert trades.price.decimals() == [Decimal(event["p"]) for event in events]
    assert trades.size.decimals() == [Decimal(event["q"]) for event in events]
    assert trades.ts.tolist() == [event["T"] * 1000 for event in events]

"""Kept payloads of Binance are told by their endpoint, and read as they were when they came."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import orjson
import pytest

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.domain.raw import Payload
from candlewick.ports import Frame
from candlewick.providers.binance import frames
from candlewick.providers.binance.history import BinanceCandles, BinanceTrades
from candlewick.providers.binance.listing import Exchange
from candlewick.providers.binance.reader import BinanceReader
from markets import LATER
from source_doubles import Script, client, instrument

MS = 1_723_161_255_342
TRADE = {"id": 7, "price": "61837.63", "qty": "0.02", "quoteQty": "1", "time": MS, "isBuyerMaker": True}
AGGREGATE = {"a": 7, "p": "61837.63", "q": "0.02", "f": 9, "l": 11, "T": MS, "m": False, "M": True}
KLINE = [MS // 60_000 * 60_000, "2", "3", "1", "2", "5", MS // 60_000 * 60_000 + 59_999, "9", 4, "1", "2", "0"]
EVENT = {"e": "trade", "E": MS, "s": "BTCUSDT", "t": 7, "p": "1.5", "q": "2", "T": MS, "m": True, "M": True}


def kept(endpoint: str, body: Any) -> Payload:
    return Payload("binance", endpoint, body if isinstance(body, bytes) else orjson.dumps(body), LATER)


@pytest.mark.parametrize(
    ("path", "tape"),
    [
        ("/api/v3/historicalTrades", Tape.TRADES),
        ("/api/v3/trades", Tape.TRADES),
        ("/api/v1/trades", Tape.TRADES),
        ("/api/v3/aggTrades", Tape.AGGREGATED),
    ],
)
def test_pages_of_trades_say_their_symbol_and_their_tape(path: str, tape: Tape) -> None:
    odd = {"id": -1}
    rows = [TRADE, odd] if tape is Tape.TRADES else [AGGREGATE, odd]
    contents = BinanceReader().read(kept(f"{path}?symbol=BTCUSDT&fromId=7&limit=1000", rows))

    [(symbol, lines)] = contents.trades.items()
    assert (symbol, contents.tapes) == ("BTCUSDT", {"BTCUSDT": tape})
    assert (lines.trades.sequence.tolist(), [each.row for each in lines.rejected]) == ([7], [2])


@pytest.mark.parametrize("tape", list(Tape))
def test_a_page_is_read_as_a_backfill_reads_it(tape: Tape) -> None:
    rows: list[Any] = [TRADE, TRADE | {"id": 8, "price": 1.5}] if tape is Tape.TRADES else [AGGREGATE, {"a": 1}]
    path = "historicalTrades" if tape is Tape.TRADES else "aggTrades"
    payload = kept(f"/api/v3/{path}?symbol=BTCUSDT&fromId=7&limit=1000", rows)
    http, _, _ = client(Script([httpx.Response(500)]))

    again = BinanceReader().read(payload).trades["BTCUSDT"]
    then = BinanceTrades(http).read(instrument(tape=tape), payload).rows

    assert again.rejected == then.rejected
    assert again.trades.trades() == then.trades.trades()


def test_klines_are_read_as_a_backfill_reads_them() -> None:
    payload = kept("/api/v3/klines?symbol=BTCUSDT&interval=1m", [KLINE, ["odd"]])
    http, _, _ = client(Script([httpx.Response(500)]))

    assert BinanceReader().read(payload).candles["BTCUSDT"] == BinanceCandles(http).read(instrument(), payload).rows


def test_messages_of_a_stream_are_read_as_the_feed_read_them() -> None:
    bodies = [orjson.dumps(EVENT), b"<html>", orjson.dumps({"stream": "btcusdt@trade", "data": EVENT | {"t": 8}})]
    then = frames.read([Frame(body, LATER) for body in bodies])

    again = BinanceReader().read(kept("stream:stream/binance/1", b"\n".join(bodies))).trades

    assert again.keys() == then.keys() == {"BTCUSDT", ""}
    assert again["BTCUSDT"].trades.trades() == then["BTCUSDT"].trades.trades()
    assert again[""].rejected == then[""].rejected
    assert np.array_equal(again["BTCUSDT"].lines, then["BTCUSDT"].lines)


def test_book_tickers_are_quotes_over_rest_and_in_a_stream() -> None:
    row = {"symbol": "BTCUSDT", "bidPrice": "1.5", "bidQty": "1", "askPrice": "2.50", "askQty": "1"}
    event = {"u": 1, "s": "BTCUSDT", "b": "1.5", "B": "1", "a": "2.50", "A": "1"}

    asked = BinanceReader().read(kept("/api/v3/ticker/bookTicker", [row]))
    heard = BinanceReader().read(kept("stream:stream/binance/1", orjson.dumps(event)))

    assert asked.quotes == heard.quotes
    assert (len(asked.quotes["BTCUSDT"].quotes), heard.trades) == (1, {})


def test_listings_carry_the_venue_s_own_code() -> None:
    exchange = Exchange("demo", "Demo", LATER, lambda _: AssetClass.CRYPTO)
    row = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}

    contents = BinanceReader(exchange).read(kept("/api/v3/exchangeInfo", {"symbols": [row]}))

    assert [listing.key for listing in contents.listings] == [InstrumentKey("demo", "BTC", "USDT")]


@pytest.mark.parametrize(
    ("endpoint", "body", "said"),
    [
        ("/api/v3/trades?symbol=BTCUSDT", b"<html>", "no JSON"),
        ("/api/v3/trades?symbol=BTCUSDT", {"code": -1121, "msg": "Invalid symbol."}, "Invalid symbol"),
        ("/api/v3/trades", [], "does not say of which symbol"),
        ("/api/v3/aggTrades?symbol=A&symbol=B", [], "does not say of which symbol"),
        ("/api/v3/depth?symbol=BTCUSDT", {}, "order books are not taken"),
        ("/api/v3/avgPrice?symbol=BTCUSDT", {}, "no more than the 24-hour ticker"),
        ("/api/v3/ticker/price", [], "no more than the 24-hour ticker"),
        ("/api/v3/account", {}, "nothing of that kind"),
        ("/elsewhere", {}, "nothing of that kind"),
    ],
)
def test_what_cannot_be_read_says_why(endpoint: str, body: Any, said: str) -> None:
    with pytest.raises(MalformedPayload, match=said):
        BinanceReader().read(kept(endpoint, body))

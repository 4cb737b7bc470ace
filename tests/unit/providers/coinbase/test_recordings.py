"""Every recording of Coinbase is read with no row unaccounted for, its values as they stand in the file.

| recording | what is read |
| --- | --- |
| rest/products_2021-04-17.json.gz | 162 listings |
| rest_recorded/products_2017.json | 9 listings, without status and lot |
| rest_recorded/ticker_BTC-USD_2017.json | 1 quote |
| rest_recorded/book_l2_BTC-USD_2019.json | nothing: books are not taken, and it says so |
| advanced_trade/http_products.json, http_product.json | 2 listings, 1 listing |
| advanced_trade/http_ticker.json | 3 trades |
| advanced_trade/http_candles.json | 2 rows, rejected as they are hours; as minutes, 2 candles |
| advanced_trade/ws_market_trades.json | 2 trades |
| advanced_trade/ws_ticker.json | 1 quote |
| advanced_trade/ws_candles.json | 1 message, rejected: five minutes wide |
| advanced_trade/ws_heartbeats.json, ws_subscriptions.json | nothing, as expected |
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import AssetClass, InstrumentStatus, Side
from candlewick.domain.raw import Payload
from candlewick.domain.time import EPOCH
from candlewick.ports import Contents, Frame
from candlewick.providers.coinbase import frames
from candlewick.providers.coinbase.reader import CoinbaseReader
from unit.providers.coinbase.wire import recorded_body, texts

RECEIVED = datetime(2026, 4, 8, tzinfo=UTC)
ADVANCED = "/api/v3/brokerage/market/products"
AGGRESSOR = {"SELL": Side.BUY, "BUY": Side.SELL}


def contents(name: str, endpoint: str, received_at: datetime = RECEIVED) -> Contents:
    return CoinbaseReader().read(Payload("coinbase", endpoint, recorded_body(name), received_at))


def increments(row: dict[str, str]) -> tuple[Decimal, Decimal]:
    return Decimal(row["quote_increment"]), Decimal(row["base_increment"])


def frame(name: str) -> list[Frame]:
    return [Frame(recorded_body(f"advanced_trade/{name}"), RECEIVED)]


def test_every_product_of_2021_is_listed() -> None:
    rows = texts(recorded_body("rest/products_2021-04-17.json.gz"))

    found = contents("rest/products_2021-04-17.json.gz", "/products").listings
    assert len(found) == len(rows) == 162
    for listing, row in zip(found, rows, strict=True):
        assert (listing.symbol, str(listing.key)) == (
            row["id"], f"coinbase:{row['base_currency']}-{row['quote_currency']}"
        )  # fmt: skip
        assert (listing.tick_size, listing.lot_size) == increments(row)
        assert listing.status is InstrumentStatus.TRADING
    classes = {listing.key.quote: listing.quote_class for listing in found}
    assert {code for code, kind in classes.items() if kind is AssetClass.FIAT} == {"EUR", "GBP", "USD"}


def test_products_of_2017_say_neither_status_nor_lot() -> None:
    rows = texts(recorded_body("rest_recorded/products_2017.json"))

    found = contents("rest_recorded/products_2017.json", "/products").listings
    assert [(each.symbol, each.tick_size, each.lot_size, each.status) for each in found] == [
        (row["id"], Decimal(row["quote_increment"]), None, None) for row in rows
    ]
    assert len(found) == 9


def test_a_ticker_of_2017_is_a_quote() -> None:
    body = "rest_recorded/ticker_BTC-USD_2017.json"
    row = texts(recorded_body(body))

    found = contents(body, "/products/btc-usd/ticker").quotes
    [quote] = found["BTC-USD"].quotes
    assert list(found) == ["BTC-USD"]
    assert found["BTC-USD"].rejected == ()
    assert (f"{quote.price:f}", f"{quote.bid:f}", f"{quote.ask:f}") == (row["price"], row["bid"], row["ask"])
    assert quote.volume_24h == Decimal("34798238.4649347968")  # 7878.23402368 × 4417.01
    assert quote.ts == datetime(2017, 10, 3, 4, 0, 31, 887_000, tzinfo=UTC)


def test_a_book_is_refused_by_its_name() -> None:
    with pytest.raises(MalformedPayload, match="nothing that is read from Coinbase"):
        contents("rest_recorded/book_l2_BTC-USD_2019.json", "/products/BTC-USD/book?level=2")


@pytest.mark.parametrize(
    ("name", "endpoint", "symbols"),
    [("http_products", ADVANCED, ["BTC-USD", "BTC-USDC"]), ("http_product", f"{ADVANCED}/BTC-USD", ["BTC-USD"])],
)
def test_products_of_advanced_trade_are_listed(name: str, endpoint: str, symbols: list[str]) -> None:
    document = texts(recorded_body(f"advanced_trade/{name}.json"))
    rows = document.get("products", [document])

    found = contents(f"advanced_trade/{name}.json", endpoint).listings
    assert [each.symbol for each in found] == symbols
    for listing, row in zip(found, rows, strict=True):
        assert (listing.tick_size, listing.lot_size) == increments(row)
        assert (listing.base_name, listing.status) == (row["base_name"], InstrumentStatus.TRADING)


def test_coinbase_itself_tells_a_volume_s_worth_by_the_last_price() -> None:
    row = texts(recorded_body("advanced_trade/http_product.json"))

    worth = (Decimal(row["volume_24h"]) * Decimal(row["price"])).quantize(Decimal("0.01"))
    assert str(worth) == row["approximate_quote_24h_volume"]


def check_trades(found: Any, rows: list[dict[str, str]]) -> None:
    trades = found.trades.trades()
    assert (len(trades), found.rejected) == (len(rows), [])
    for trade, row in zip(trades, sorted(rows, key=lambda each: int(each["trade_id"])), strict=True):
        assert (trade.sequence, trade.price, trade.size, trade.side) == (
            int(row["trade_id"]), Decimal(row["price"]), Decimal(row["size"]), AGGRESSOR[row["side"]]
        )  # fmt: skip
        assert trade.ts == datetime.fromisoformat(row["time"])


def test_trades_of_advanced_trade_s_ticker_are_stored() -> None:
    name = "advanced_trade/http_ticker.json"

    found = contents(name, f"{ADVANCED}/BTC-USD/ticker?limit=3").trades
    assert list(found) == ["BTC-USD"]
    check_trades(found["BTC-USD"], texts(recorded_body(name))["trades"])


def test_a_recorded_trade_at_the_best_ask_was_bought() -> None:
    """What SELL means there is not documented: it is the maker's side, as everywhere at Coinbase."""
    document = texts(recorded_body("advanced_trade/http_ticker.json"))
    newest = document["trades"][0]

    assert (newest["price"], newest["side"]) == (document["best_ask"], "SELL")
    found = contents("advanced_trade/http_ticker.json", f"{ADVANCED}/BTC-USD/ticker").trades["BTC-USD"]
    assert found.trades.trades()[-1].side is Side.BUY


def test_trades_of_advanced_trade_s_feed_are_stored() -> None:
    [event] = texts(recorded_body("advanced_trade/ws_market_trades.json"))["events"]

    found = frames.read(frame("ws_market_trades.json"))
    assert list(found) == ["BTC-USD"]
    check_trades(found["BTC-USD"], event["trades"])


def test_a_ticker_of_advanced_trade_s_feed_is_a_quote() -> None:
    document = texts(recorded_body("advanced_trade/ws_ticker.json"))
    [row] = document["events"][0]["tickers"]

    found = frames.quotes(frame("ws_ticker.json"))
    [quote] = found["BTC-USD"].quotes
    assert found["BTC-USD"].rejected == []
    assert [f"{each:f}" for each in (quote.price, quote.bid, quote.ask, quote.change_24h)] == [
        row["price"], row["best_bid"], row["best_ask"], row["price_percent_chg_24_h"]
    ]  # fmt: skip
    assert quote.ts == datetime.fromisoformat(document["timestamp"])
    assert frames.read(frame("ws_ticker.json")) == {}


def test_hours_are_rejected_as_minutes_one_by_one() -> None:
    endpoint = f"{ADVANCED}/BTC-USD/candles?granularity=ONE_HOUR"

    lines = contents("advanced_trade/http_candles.json", endpoint).candles["BTC-USD"]
    assert (len(lines.candles), len(lines.rejected)) == (0, 2)
    assert all("3600 seconds were asked for" in each.reason for each in lines.rejected)


def test_recorded_candles_are_exact() -> None:
    """Hours, read as if they were minutes: the shape is the same."""
    name = "advanced_trade/http_candles.json"
    rows = texts(recorded_body(name))["candles"]

    lines = contents(name, f"{ADVANCED}/BTC-USD/candles?granularity=ONE_MINUTE").candles["BTC-USD"]
    assert (len(lines.candles), lines.rejected) == (len(rows), [])
    for candle, row in zip(lines.candles, reversed(rows), strict=True):
        values = (candle.open, candle.high, candle.low, candle.close, candle.volume)
        assert [f"{value:f}" for value in values] == [row[name] for name in ("open", "high", "low", "close", "volume")]
        assert candle.open_time == EPOCH + timedelta(seconds=int(row["start"]))


def test_candles_of_a_feed_are_rejected_for_their_width() -> None:
    found = frames.read(frame("ws_candles.json"))

    [rejected] = found[""].rejected
    assert list(found) == [""]
    assert rejected.reason == "candles of a stream are five minutes wide"


@pytest.mark.parametrize("name", ["ws_heartbeats.json", "ws_subscriptions.json"])
def test_what_is_no_trade_and_expected_is_nothing(name: str) -> None:
    found = frame(name)

    assert [dict(read(found)) for read in (frames.read, frames.tips, frames.quotes)] == [{}, {}, {}]

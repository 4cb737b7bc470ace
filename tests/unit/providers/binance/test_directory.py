"""What Binance lists becomes listings; what cannot be named is left out and said."""

from __future__ import annotations

import gzip
from decimal import Decimal
from typing import Any

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import AssetClass, InstrumentKey, InstrumentStatus, Tape
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.binance.directory import BinanceDirectory
from candlewick.providers.binance.listing import BINANCE
from candlewick.providers.demo.source import EXCHANGE
from markets import LATER
from recordings import recording
from source_doubles import Script, client

FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
    {"filterType": "LOT_SIZE", "stepSize": "0.00001000"},
]


def symbol(base: str = "BTC", quote: str = "USDT", **change: Any) -> dict[str, Any]:
    row = {"symbol": base + quote, "status": "TRADING", "baseAsset": base, "quoteAsset": quote, "filters": FILTERS}
    return row | change


def listed(*rows: Any, exchange: Any = BINANCE) -> list[Listing]:
    payload = Payload("binance", "/api/v3/exchangeInfo", orjson.dumps({"symbols": rows}), LATER)
    return list(BinanceDirectory(client(Script([]))[0], exchange).read(payload))


async def test_all_symbols_are_asked_for() -> None:
    script = Script([httpx.Response(200, json={"symbols": []})])
    http, budget, _ = client(script)

    [_] = [payload async for payload in BinanceDirectory(http, BINANCE).pages()]

    assert (script.requests[0].url.path, budget.spent) == ("/api/v3/exchangeInfo", [20])
    assert "symbolStatus" not in script.requests[0].url.params


def test_a_listing_says_all_that_the_venue_says() -> None:
    assert listed(symbol()) == [
        Listing(
            key=InstrumentKey("binance", "BTC", "USDT"),
            symbol="BTCUSDT",
            tape=Tape.TRADES,
            base_class=AssetClass.CRYPTO,
            quote_class=AssetClass.CRYPTO,
            venue_name="Binance",
            status=InstrumentStatus.TRADING,
            tick_size=Decimal("0.01"),
            lot_size=Decimal("0.00001"),
        )
    ]


def test_base_and_quote_are_never_cut_out_of_the_symbol() -> None:
    (listing,) = listed(symbol("1000SHIB", "USDT", symbol="SOMETHING"))

    assert (str(listing.key), listing.symbol) == ("binance:1000SHIB-USDT", "SOMETHING")


def test_money_is_known_from_tokens() -> None:
    (listing,) = listed(symbol("EUR", "TRY"))

    assert (listing.base_class, listing.quote_class) == (AssetClass.FIAT, AssetClass.FIAT)


def test_another_market_has_classes_of_its_own() -> None:
    found = listed(symbol("XAU", "USD"), symbol("ACME", "USD"), exchange=EXCHANGE)

    assert [(str(each.key), each.base_class) for each in found] == [
        ("demo:XAU-USD", AssetClass.COMMODITY),
        ("demo:ACME-USD", AssetClass.EQUITY),
    ]


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY", "PRE_TRADING", "AUCTION_MATCH", "SOMETHING_NEW"])
def test_what_is_not_trading_stays_with_its_status(status: str) -> None:
    assert listed(symbol(status=status))[0].status is InstrumentStatus.HALTED


def test_a_status_that_is_new_is_said() -> None:
    with capture_logs() as logs:
        listed(symbol(status="SOMETHING_NEW"))

    assert [(each["event"], each["status"]) for each in logs] == [("status_unknown", "SOMETHING_NEW")]


@pytest.mark.parametrize("filters", [[], None, [{"filterType": "LOT_SIZE", "stepSize": "0.00000000"}], ["x"]])
def test_a_rule_that_is_not_there_or_switched_off_is_none(filters: object) -> None:
    assert listed(symbol(filters=filters))[0].lot_size is None


@pytest.mark.parametrize(
    "row",
    [
        symbol("A-B"),
        symbol("A:B"),
        symbol("A B"),
        symbol("x" * 65),
        symbol(baseAsset=""),
        symbol(quoteAsset=None),
        symbol(status=5),
        symbol(filters=[{"filterType": "PRICE_FILTER", "tickSize": 0.01}]),
        "BTCUSDT",
        None,
    ],
)
def test_what_cannot_be_named_or_read_is_left_out_and_counted(row: object) -> None:
    with capture_logs() as logs:
        found = listed(row, symbol("ETH"))

    assert [each.symbol for each in found] == ["ETHUSDT"]
    assert [(each["event"], each["count"]) for each in logs] == [("listings_left_out", 1)]


def test_symbols_outside_ascii_are_listed() -> None:
    assert str(listed(symbol("币安人生"))[0].key) == "binance:币安人生-USDT"


def test_of_two_symbols_with_one_key_the_trading_one_is_taken() -> None:
    with capture_logs() as logs:
        found = listed(symbol(symbol="OLD", status="BREAK"), symbol(symbol="NEW"))

    assert [each.symbol for each in found] == ["NEW"]
    assert logs[0]["count"] == 1


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"symbols": {}}', b"<html>"])
def test_what_is_no_list_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        BinanceDirectory(client(Script([]))[0], BINANCE).read(Payload("binance", "/api/v3/exchangeInfo", body, LATER))


def test_the_recorded_list_is_read_whole() -> None:
    body = gzip.decompress(recording("binance/rest/exchangeInfo_2021-10-12.json.gz").read_bytes())
    rows = orjson.loads(body)["symbols"]

    found = listed(*rows)

    assert [each.symbol for each in found] == [row["symbol"] for row in rows]
    assert [(each.key.base, each.key.quote) for each in found] == [
        (row["baseAsset"], row["quoteAsset"]) for row in rows
    ]
    assert sum(each.status is InstrumentStatus.HALTED for each in found) == 433
    assert all(each.tick_size and each.lot_size for each in found)

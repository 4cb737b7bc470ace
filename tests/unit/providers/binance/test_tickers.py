"""Binance's 24-hour and book tickers as quotes, digit for digit, and which requests ask for them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from candlewick.domain.errors import MalformedPayload, SourceUnavailable
from candlewick.domain.quote import Quote
from candlewick.domain.raw import Payload
from candlewick.providers.binance.quotes import BinanceQuotes
from candlewick.providers.binance.reader import BinanceReader
from candlewick.providers.binance.rest import TICKERS
from candlewick.providers.binance.tickers import books, quotes
from markets import LATER, FrozenClock
from recordings import recording
from source_doubles import Script, client, instrument

CLOSED = datetime(2025, 12, 31, 23, 59, 59, 123000, tzinfo=UTC)
ROW: dict[str, Any] = {
    "symbol": "BTCUSDT", "priceChange": "-94.99999800", "priceChangePercent": "-95.960", "lastPrice": "4.00000200",
    "lastQty": "200.00000000", "bidPrice": "4.00000000", "askPrice": "4.00000201", "volume": "8913.30000000",
    "quoteVolume": "15.30000000", "openTime": 1767139199123, "closeTime": 1767225599123, "firstId": 28385, "count": 76,
}  # fmt: skip
BOOK = {
    "symbol": "BTCUSDT", "bidPrice": "4.00000000", "bidQty": "431.0", "askPrice": "4.00000201", "askQty": "9.0"
}  # fmt: skip


def payload(rows: Any) -> Payload:
    return Payload("binance", f"{TICKERS}?symbols=x", json.dumps(rows).encode(), LATER)


def test_figures_are_those_of_the_row_digit_for_digit() -> None:
    [quote] = quotes(payload([ROW]))["BTCUSDT"].quotes

    assert quote == Quote(
        CLOSED, Decimal("4.00000200"), Decimal("4.00000000"), Decimal("4.00000201"), None, Decimal("15.30000000"),
        Decimal("-95.960"),
    )  # fmt: skip
    assert str(quote.price) == "4.00000200"


def test_times_in_microseconds_are_told_by_their_magnitude() -> None:
    [quote] = quotes(payload([ROW | {"closeTime": 1767225599123456}]))["BTCUSDT"].quotes

    assert quote.ts == CLOSED.replace(microsecond=123456)


def test_zeros_of_a_symbol_that_nobody_trades_are_no_prices() -> None:
    nothing = dict.fromkeys(("lastPrice", "bidPrice", "askPrice", "quoteVolume"), "0.00000000")
    [quote] = quotes(payload([ROW | nothing | {"priceChangePercent": "0.000"}]))["BTCUSDT"].quotes

    assert (quote.price, quote.bid, quote.ask, quote.change_24h) == (None, None, None, None)
    assert quote.volume_24h == 0


@pytest.mark.parametrize(
    "change",
    [{"lastPrice": 4.0}, {"bidPrice": "four"}, {"closeTime": "now"}, {"closeTime": 12}, {"closeTime": True}],
)
def test_a_row_that_is_no_ticker_is_rejected_and_the_others_are_not(change: dict[str, Any]) -> None:
    found = quotes(payload([ROW | change, ROW | {"symbol": "ETHUSDT"}]))

    assert (len(found["BTCUSDT"].rejected), len(found["ETHUSDT"].quotes)) == (1, 1)


def test_a_row_without_a_symbol_belongs_to_nobody() -> None:
    found = quotes(payload([{}, 7, ROW | {"symbol": ""}]))

    assert {symbol: len(lines.rejected) for symbol, lines in found.items()} == {"": 3}


@pytest.mark.parametrize("read", [quotes, books])
def test_an_error_is_no_list_of_tickers(read: Callable[[Payload], Any]) -> None:
    with pytest.raises(MalformedPayload, match="Invalid symbol"):
        read(payload({"code": -1121, "msg": "Invalid symbol."}))


def test_the_answer_for_one_symbol_is_read_as_a_list_of_one() -> None:
    assert quotes(payload(ROW)) == quotes(payload([ROW]))
    assert books(payload(BOOK)) == books(payload([BOOK]))


def test_a_book_ticker_is_bid_and_ask_of_the_moment_when_it_came() -> None:
    [quote] = books(payload([BOOK]))["BTCUSDT"].quotes

    assert quote == Quote(LATER, bid=Decimal("4.00000000"), ask=Decimal("4.00000201"))
    assert (str(quote.bid), quote.price, quote.volume_24h) == ("4.00000000", None, None)


def test_a_side_of_the_book_that_is_empty_is_no_price() -> None:
    [quote] = books(payload([BOOK | {"bidPrice": "0.00000000"}]))["BTCUSDT"].quotes

    assert (quote.bid, quote.ask) == (None, Decimal("4.00000201"))


@pytest.mark.parametrize("change", [{"bidPrice": 4.0}, {"askPrice": "four"}, {"askPrice": None}])
def test_a_row_that_is_no_book_ticker_is_rejected(change: dict[str, Any]) -> None:
    found = books(payload([BOOK | change, BOOK | {"symbol": "ETHUSDT"}]))

    assert (len(found["BTCUSDT"].rejected), len(found["ETHUSDT"].quotes)) == (1, 1)


@pytest.mark.shared_data
def test_every_row_of_the_recording_is_a_quote_or_has_its_reason() -> None:
    recorded = json.loads(
        gzip.decompress(recording("binance/rest_recorded/ticker24hr_all_v1_2019.json.gz").read_bytes())
    )
    body = recorded["body"] if isinstance(recorded["body"], str) else json.dumps(recorded["body"])
    rows = json.loads(body)
    received = datetime(2019, 8, 22, 3, 38, 26, tzinfo=UTC)

    found = BinanceReader().read(Payload("binance", "/api/v1/ticker/24hr", body.encode(), received)).quotes

    assert sum(len(lines.quotes) + len(lines.rejected) for lines in found.values()) == len(rows)
    assert not [lines.rejected for lines in found.values() if lines.rejected]
    for row in rows:
        [quote] = found[row["symbol"]].quotes
        assert f"{quote.volume_24h:f}" == row["quoteVolume"]
        assert quote.price is None or f"{quote.price:f}" == row["lastPrice"]


def answering(request: httpx.Request) -> httpx.Response:
    """A venue that does not know one symbol."""
    names = json.loads(request.url.params["symbols"])
    if "GONEUSDT" in names:
        return httpx.Response(400, json={"code": -1121, "msg": "Invalid symbol."})
    return httpx.Response(200, json=[ROW | {"symbol": name} for name in names])


async def test_symbols_are_asked_for_where_they_weigh_least() -> None:
    script = Script([answering])
    http, budget, _ = client(script)

    pages = await BinanceQuotes(http, "binance", FrozenClock()).pages([instrument(f"A{n}USDT") for n in range(41)])

    assert [len(json.loads(request.url.params["symbols"])) for request in script.requests] == [20, 20, 1]
    assert (len(pages), budget.spent) == (3, [2, 2, 2])


async def test_a_symbol_that_is_not_known_keeps_no_other_from_being_asked_for_and_is_left_out_for_a_while() -> None:
    script, clock = Script([answering]), FrozenClock()
    http, _, _ = client(script)
    source = BinanceQuotes(http, "binance", clock)
    wanted = [instrument(name) for name in ("AUSDT", "BUSDT", "GONEUSDT", "CUSDT")]

    found = {symbol for page in await source.pages(wanted) for symbol in source.read(page)}
    asked = len(script.requests)
    await source.pages(wanted)

    assert found == {"AUSDT", "BUSDT", "CUSDT"}
    assert len(script.requests) == asked + 1


async def test_a_venue_that_is_away_is_not_taken_for_one_that_knows_no_symbol() -> None:
    http, _, _ = client(Script([httpx.Response(503)]))

    with pytest.raises(SourceUnavailable):
        await BinanceQuotes(http, "binance", FrozenClock()).pages([instrument(), instrument("ETHUSDT")])

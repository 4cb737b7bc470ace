"""What is odd about CoinGecko, each with a test of its own."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from candlewick.domain.errors import MalformedPayload, RateLimited, SourceRefused, SourceUnavailable
from candlewick.domain.quote import Quote
from candlewick.providers.coingecko import payloads
from candlewick.providers.coingecko.quotes import CoinGeckoQuotes, grouped, joined
from candlewick.providers.coingecko.rest import objection
from source_doubles import Script, client
from unit.providers.coingecko.wire import COIN, NOW, UPDATED, answer, instrument, recorded

PRICES = "/api/v3/simple/price"
MARKETS = "/api/v3/coins/markets?vs_currency=usd"


def price_of(row: dict[str, Any] | bytes) -> Quote:
    [quote] = payloads.prices(answer(PRICES, row))["bitcoin/usd"].quotes
    return quote


def test_ids_with_a_space_silently_lose_all_but_the_first() -> None:
    asked = recorded("200_simple_price_ids_bitcoin_20ethereum_20litecoin_vs_currencies_usd_20myr.json")
    assert "bitcoin,%20ethereum,%20litecoin" in asked.endpoint

    assert list(payloads.prices(asked.payload)) == ["bitcoin/usd"]


async def test_ids_are_asked_for_without_a_space() -> None:
    script = Script([httpx.Response(200, json={})])
    http, _, _ = client(script)

    await CoinGeckoQuotes(http).pages([instrument(), instrument("ethereum", "ETH"), instrument(currency="eur")])

    [request] = script.requests
    assert request.url.params["ids"] == "bitcoin,ethereum"
    assert request.url.params["vs_currencies"] == "usd,eur"
    assert " " not in str(request.url)
    assert "%20" not in str(request.url)


def test_unknown_ids_and_currencies_are_silently_absent() -> None:
    empty = recorded("200_simple_price_ids_bitcoin_vs_currencies_ethereum.json")

    assert empty.body == b'{"bitcoin":{}}'
    assert payloads.prices(empty.payload) == {}


def test_null_price_market_cap_and_volume_are_nothing_said() -> None:
    row = {"usd": 2.5, "usd_market_cap": None, "usd_24h_vol": None, "usd_24h_change": None, "last_updated_at": UPDATED}

    assert price_of({"bitcoin": row}) == Quote(NOW - timedelta(seconds=10), Decimal("2.5"))
    [quote] = payloads.markets(answer(MARKETS, [COIN | {"current_price": None}]))["bitcoin/usd"].quotes
    assert (quote.price, quote.market_cap) == (None, Decimal(917825524991))


def test_a_coin_of_which_everything_is_null_is_accounted_for() -> None:
    row = {"usd": None, "usd_market_cap": None, "last_updated_at": UPDATED}

    lines = payloads.prices(answer(PRICES, {"bitcoin": row}))["bitcoin/usd"]
    assert (list(lines.quotes), [each.reason for each in lines.rejected]) == ([], ["it says nothing"])


@pytest.mark.parametrize(
    "text", ["1.42e+29", "3.06e-05", "0." + "0" * 84 + "7", "49326", "49326.0", "18710831.123456789012345678", "7e0"]
)
def test_numbers_are_exact_however_they_are_written(text: str) -> None:
    body = f'{{"bitcoin":{{"usd":{text},"last_updated_at":{UPDATED}}}}}'.encode()

    assert price_of(body).price == Decimal(text)
    assert str(price_of(body).price) == str(Decimal(text))


@pytest.mark.parametrize("text", ["0", "-1", "1e400", "NaN", '"49326"', "true", "[1]"])
def test_prices_that_are_none_are_rejected_with_the_row(text: str) -> None:
    if text == "NaN":
        body = f'[{{"id":"bitcoin","current_price":{text}}}]'.encode()
        with pytest.raises(MalformedPayload, match="NaN is no JSON"):
            payloads.markets(answer(MARKETS, body))
        return
    body = f'{{"bitcoin":{{"usd":{text}}},"ethereum":{{"usd":2}}}}'.encode()

    found = payloads.prices(answer(PRICES, body))
    assert [len(lines.quotes) for lines in found.values()] == [0, 1]
    [rejected] = found["bitcoin/usd"].rejected
    assert text in rejected.text


def test_points_of_a_chart_need_not_be_in_order_and_may_lack_figures() -> None:
    at = UPDATED * 1000
    chart = {
        "prices": [[at, 2.5], [at - 955, 2.5], [at - 2000, None]],
        "market_caps": [[at, None], [at - 955, 7]],
        "total_volumes": [[at - 5000, 1]],
    }
    lines = payloads.chart(answer("/api/v3/coins/bitcoin/market_chart?vs_currency=usd", chart))

    said = [(quote.ts - NOW, quote.price, quote.market_cap, quote.volume_24h) for quote in lines.quotes]
    ago = [timedelta(milliseconds=-(10_000 + late)) for late in (0, 955, 5000)]
    price, cap, volume = Decimal("2.5"), Decimal(7), Decimal(1)
    assert said == [(ago[0], price, None, None), (ago[1], price, cap, None), (ago[2], None, None, volume)]
    assert [each.reason for each in lines.rejected] == ["it says nothing"]


def test_two_points_of_one_time_are_two_rows() -> None:
    at = UPDATED * 1000
    chart = {"prices": [[at, 1], [at, 2]], "market_caps": [[at, 3], [at, 4]], "total_volumes": []}
    lines = payloads.chart(answer("/api/v3/coins/bitcoin/market_chart?vs_currency=usd", chart))

    assert [(quote.price, quote.market_cap) for quote in lines.quotes] == [
        (Decimal(1), Decimal(3)), (Decimal(2), Decimal(4))
    ]  # fmt: skip


async def refusal(response: httpx.Response) -> Exception:
    http, _, _ = client(Script([response]), objection=objection)
    with pytest.raises((SourceRefused, SourceUnavailable)) as caught:
        await http.get(PRICES)
    return caught.value


@pytest.mark.parametrize(
    ("status", "document", "error", "said"),
    [
        (
            401,
            {"timestamp": "2026-11-24T12:00:00Z", "error_code": 10002, "status": {"error_message": "API Key Missing"}},
            SourceRefused,
            "10002: API Key Missing",
        ),
        (
            401,
            {"error": {"status": {"timestamp": "x", "error_code": 10012, "error_message": "within the past 365 days"}}},
            SourceRefused,
            "10012: within the past 365 days",
        ),
        (400, {"status": {"error_code": 10010, "error_message": "wrong key type"}}, SourceRefused, "10010: wrong"),
        (429, {"status": {"error_code": 429, "error_message": "You've exceeded"}}, RateLimited, "429: You've"),
        (422, {"error": "Missing parameter ids"}, SourceRefused, "Missing parameter ids"),
        (404, {"error": "coin not found"}, SourceRefused, "coin not found"),
        (500, {"status": 500, "error": "Internal Server Error"}, SourceUnavailable, "Internal Server Error"),
        (200, {"status": {"error_code": 429, "error_message": "Slow down"}}, RateLimited, "429: Slow down"),
        (200, {"status": {"error_code": 10005, "error_message": "Pro only"}}, SourceRefused, "10005: Pro only"),
        (200, {"error": "Internal Server Error"}, SourceUnavailable, "Internal Server Error"),
    ],
)
async def test_an_error_says_its_number_and_its_words(
    status: int, document: dict[str, Any], error: type[Exception], said: str
) -> None:
    caught = await refusal(httpx.Response(status, json=document))

    assert type(caught) is error
    assert said in str(caught)


async def test_a_page_of_the_cdn_is_no_answer() -> None:
    page = b"<!DOCTYPE html><title>Access denied | Error 1020</title>"

    denied = await refusal(httpx.Response(403, content=page))
    assert isinstance(denied, RateLimited)
    assert "it sent a web page" in str(denied)
    assert "web page instead of JSON" in str(await refusal(httpx.Response(200, content=page)))


def test_a_coin_that_is_called_status_or_error_is_no_error() -> None:
    assert objection(b'{"status":{"usd":0.02},"error":{"usd":1}}') is None
    assert objection(b"[]") is None


def test_more_coins_than_one_request_takes_are_asked_for_in_several() -> None:
    coins = [f"coin-{number}" for number in range(600)]

    groups = list(grouped(coins))
    assert [coin for group in groups for coin in group] == coins
    assert max(map(len, groups)) == 250
    long = [f"{'x' * 90}{number}" for number in range(200)]
    assert max(len(joined(group)) for group in grouped(long)) <= 4_000
    assert [coin for group in grouped(long) for coin in group] == long
    assert list(grouped([])) == []

"""Which requests CoinPaprika gets, and where the key goes: into a header, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from candlewick.domain.errors import SettingsError, SourceRefused
from candlewick.domain.market import InstrumentStatus
from candlewick.domain.time import Window
from candlewick.providers.coinpaprika import PROVIDER
from candlewick.providers.coinpaprika.directory import CoinPaprikaDirectory
from candlewick.providers.coinpaprika.history import CoinPaprikaHistory
from candlewick.providers.coinpaprika.market_source import coinpaprika_source
from candlewick.providers.coinpaprika.quotes import CoinPaprikaQuotes
from candlewick.providers.coinpaprika.ranking import CoinPaprikaRanking
from candlewick.providers.coinpaprika.rest import HISTORY, TICKER, Entrance, entrance
from candlewick.providers.provider import Access
from markets import FrozenClock
from source_doubles import Budget, Script, client
from unit.providers.coinpaprika.wire import COIN, NOW, POINT, answer, instrument
from unit.providers.coinpaprika.wire import TICKER as ROW

USUAL = PROVIDER.access or Access("")
KEY = "a-very-secret-key"
DAY = timedelta(days=1)


def answering(document: Any) -> Script:
    return Script([httpx.Response(200, json=document)])


@pytest.mark.parametrize(
    ("key", "plan", "expected"),
    [
        (None, None, Entrance("https://api.coinpaprika.com", {}, None)),
        (KEY, None, Entrance("https://api-pro.coinpaprika.com", {"Authorization": KEY}, "starter")),
        (KEY, "business", Entrance("https://api-pro.coinpaprika.com", {"Authorization": KEY}, "business")),
    ],
)
def test_the_plan_decides_on_host_and_header(key: str | None, plan: str | None, expected: Entrance) -> None:
    assert entrance(replace(USUAL, api_key=key, plan=plan)) == expected
    own = replace(USUAL, rest_url="http://127.0.0.1:9100", api_key=key, plan=plan)
    assert entrance(own).base_url == "http://127.0.0.1:9100"


@pytest.mark.parametrize(
    ("key", "plan", "said"), [(None, "pro", "api_key"), (KEY, "gold", "starter, pro, business, enterprise")]
)
def test_a_key_and_a_plan_that_do_not_fit_are_refused(key: str | None, plan: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        entrance(replace(USUAL, api_key=key, plan=plan))

    assert KEY not in str(caught.value)


async def test_the_key_is_sent_and_neither_logged_nor_kept() -> None:
    script = Script([httpx.Response(402, json={"error": "not allowed in this plan"})])
    access, transport = replace(USUAL, api_key=KEY, plan="pro"), httpx.MockTransport(script)
    with capture_logs() as logs:
        async with coinpaprika_source(
            access, FrozenClock(NOW), lambda *_, **__: Budget(), transport=transport
        ) as source:
            assert source.quotes is not None
            with pytest.raises(SourceRefused, match="not allowed in this plan") as caught:
                await source.quotes.pages([instrument()])
            script.answers[:] = [httpx.Response(200, json=ROW)]
            [payload] = await source.quotes.pages([instrument()])
            assert all((source.directory, source.quote_history, source.reader))

    assert {request.headers["Authorization"] for request in script.requests} == {KEY}
    assert {request.url.host for request in script.requests} == {"api-pro.coinpaprika.com"}
    for shown in (str(caught.value), payload.endpoint, str(logs), repr(access)):
        assert KEY not in shown
    assert all(KEY not in str(request.url) for request in script.requests)


async def test_a_few_coins_are_asked_for_one_by_one_in_three_currencies_at_a_time() -> None:
    script = answering(ROW)
    http, _, _ = client(script)
    wanted = [instrument(currency=currency) for currency in ("usd", "btc", "eth", "eur")] + [instrument("eth-ethereum")]

    await CoinPaprikaQuotes(http).pages(wanted)

    assert [(request.url.path, request.url.params["quotes"]) for request in script.requests] == [
        ("/v1/tickers/btc-bitcoin", "USD,BTC,ETH"), ("/v1/tickers/btc-bitcoin", "EUR"),
        ("/v1/tickers/eth-ethereum", "USD"),
    ]  # fmt: skip
    assert [status.endpoint for status in http.circuits()] == [TICKER]


async def test_many_coins_are_asked_for_at_once() -> None:
    script = answering([ROW])
    http, _, _ = client(script)

    [payload] = await CoinPaprikaQuotes(http).pages([instrument(f"coin-{number}") for number in range(5)])

    assert payload.endpoint == "/v1/tickers?quotes=USD"
    assert list(CoinPaprikaQuotes(http).read(payload)) == ["btc-bitcoin/usd"]


@pytest.mark.parametrize(
    ("plan", "age", "interval"),
    [
        (None, timedelta(hours=23), "1h"), (None, DAY, "1d"), (None, 300 * DAY, "1d"),
        ("starter", 6 * DAY, "5m"), ("starter", 8 * DAY, "1h"), ("starter", 31 * DAY, "1d"),
        ("pro", 31 * DAY, "1h"), ("business", 364 * DAY, "5m"), ("enterprise", 3_000 * DAY, "5m"),
    ],
)  # fmt: skip
async def test_the_past_is_as_fine_as_the_plan_allows(plan: str | None, age: timedelta, interval: str) -> None:
    script = answering([POINT])
    http, _, _ = client(script)
    history = CoinPaprikaHistory(http, FrozenClock(NOW), Entrance("", {}, plan))

    payload = await history.page(instrument(currency="btc"), Window(NOW - age, NOW))

    [request] = script.requests
    assert request.url.path == "/v1/tickers/btc-bitcoin/historical"
    assert dict(request.url.params) == {
        "start": str(int((NOW - age).timestamp())), "end": str(int(NOW.timestamp())), "interval": interval,
        "quote": "btc", "limit": "5000",
    }  # fmt: skip
    assert [status.endpoint for status in http.circuits()] == [HISTORY]
    assert len(history.read(instrument(), replace(payload, received_at=NOW)).rows.quotes) == 1


async def test_all_coins_are_listed_by_rank_and_inactive_ones_as_gone() -> None:
    coins = [
        COIN | {"id": "btc-fake", "rank": 0},
        COIN,
        COIN | {"id": "eth-ethereum", "symbol": "ETH", "rank": 251},
        COIN | {"id": "ded-dead", "symbol": "DED", "rank": 0, "is_active": False},
        {"id": 7},
    ]
    http, _, _ = client(answering(coins))
    directory = CoinPaprikaDirectory(http)

    [payload] = [payload async for payload in directory.pages()]
    with capture_logs() as logs:
        found = directory.read(payload)

    assert [(str(listing.key), listing.symbol) for listing in found] == [
        ("coinpaprika:BTC-USD", "btc-bitcoin/usd"),
        ("coinpaprika:BTC-BTC", "btc-bitcoin/btc"),
        ("coinpaprika:ETH-USD", "eth-ethereum/usd"),
        ("coinpaprika:BTC~btc.fake-USD", "btc-fake/usd"),
        ("coinpaprika:DED-USD", "ded-dead/usd"),
    ]
    assert [listing.status for listing in found if listing.symbol.startswith("ded")] == [InstrumentStatus.DELISTED]
    assert [(entry["event"], entry["count"]) for entry in logs] == [("listings_left_out", 1)]


def test_a_month_of_polling_is_less_than_a_month_allows() -> None:
    assert 4 * timedelta(days=30) / USUAL.poll_every < 20_000
    assert answer("/v1/coins", []).source == PROVIDER.code


async def test_ranks_are_those_of_the_market_caps_of_all_coins() -> None:
    figures = ROW["quotes"]["USD"]
    small = {**ROW, "id": "a-small", "quotes": {"USD": {**figures, "market_cap": 5}}}
    script = answering([{**ROW, "id": "b-none", "quotes": {"USD": {**figures, "market_cap": None}}}, small, ROW])
    http, _, _ = client(script, clock=FrozenClock(NOW))
    ranking = CoinPaprikaRanking(http)

    [payload] = await ranking.pages(2)

    assert ranking.read(payload) == ["btc-bitcoin/usd", "a-small/usd", "b-none/usd"]

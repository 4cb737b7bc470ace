"""Which requests CoinGecko gets, and where the key goes: into a header, and nowhere else."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from structlog.testing import capture_logs

from candlewick.domain.errors import SettingsError, SourceRefused
from candlewick.domain.time import Window
from candlewick.providers.coingecko import PROVIDER
from candlewick.providers.coingecko.directory import CoinGeckoDirectory
from candlewick.providers.coingecko.history import CoinGeckoHistory
from candlewick.providers.coingecko.market_source import coingecko_source
from candlewick.providers.coingecko.quotes import CoinGeckoQuotes
from candlewick.providers.coingecko.ranking import CoinGeckoRanking
from candlewick.providers.coingecko.rest import CHART, Entrance, entrance
from candlewick.providers.provider import Access, Source
from markets import FrozenClock
from source_doubles import Budget, Script, client
from unit.providers.coingecko.wire import COIN, NOW, instrument

USUAL = PROVIDER.access or Access("")
KEY = "CG-a-very-secret-key"


def answering(document: object) -> Script:
    return Script([httpx.Response(200, json=document)])


@pytest.mark.parametrize(
    ("key", "plan", "expected"),
    [
        (None, None, Entrance("https://api.coingecko.com", {}, paid=False)),
        (KEY, None, Entrance("https://api.coingecko.com", {"x-cg-demo-api-key": KEY}, paid=False)),
        (KEY, "demo", Entrance("https://api.coingecko.com", {"x-cg-demo-api-key": KEY}, paid=False)),
        (KEY, "pro", Entrance("https://pro-api.coingecko.com", {"x-cg-pro-api-key": KEY}, paid=True)),
    ],
)
def test_the_plan_decides_on_host_and_header(key: str | None, plan: str | None, expected: Entrance) -> None:
    assert entrance(replace(USUAL, api_key=key, plan=plan)) == expected


def test_a_url_of_ones_own_is_asked_on_every_plan() -> None:
    found = entrance(replace(USUAL, rest_url="http://127.0.0.1:9100", api_key=KEY, plan="pro"))

    assert found.base_url == "http://127.0.0.1:9100"


@pytest.mark.parametrize(("key", "plan", "said"), [(None, "pro", "api_key"), (KEY, "gold", "allowed are demo and pro")])
def test_a_key_and_a_plan_that_do_not_fit_are_refused(key: str | None, plan: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        entrance(replace(USUAL, api_key=key, plan=plan))

    assert KEY not in str(caught.value)


def opened(script: Script) -> AbstractAsyncContextManager[Source]:
    access = replace(USUAL, api_key=KEY, plan="pro")
    transport = httpx.MockTransport(script)
    return coingecko_source(access, FrozenClock(NOW), lambda *_, **__: Budget(), transport=transport)


async def test_the_key_is_sent_and_neither_logged_nor_kept() -> None:
    script = Script([httpx.Response(401, json={"status": {"error_code": 10002, "error_message": "API Key Missing"}})])
    with capture_logs() as logs:
        async with opened(script) as source:
            assert source.quotes is not None
            with pytest.raises(SourceRefused) as caught:
                await source.quotes.pages([instrument()])
            script.answers[:] = [httpx.Response(200, json={"bitcoin": {"usd": 1}})]
            [payload] = await source.quotes.pages([instrument()])

    assert {request.headers["x-cg-pro-api-key"] for request in script.requests} == {KEY}
    assert {request.url.host for request in script.requests} == {"pro-api.coingecko.com"}
    for shown in (str(caught.value), payload.endpoint, str(logs), repr(replace(USUAL, api_key=KEY))):
        assert KEY not in shown
    assert all(KEY not in str(request.url) for request in script.requests)


async def test_every_part_is_there() -> None:
    async with opened(answering({})) as source:
        assert source.source == "coingecko"
        assert all((source.directory, source.quotes, source.quote_history, source.reader))
        assert (source.trades, source.candles, source.stream) == (None, None, None)
        assert source.circuits() == []


async def test_prices_are_asked_for_with_all_their_figures() -> None:
    script = answering({"bitcoin": {"usd": 1}})
    http, _, _ = client(script)

    [payload] = await CoinGeckoQuotes(http).pages([instrument()])

    assert dict(script.requests[0].url.params) == {
        "ids": "bitcoin", "vs_currencies": "usd", "include_market_cap": "true", "include_24hr_vol": "true",
        "include_24hr_change": "true", "include_last_updated_at": "true", "precision": "full",
    }  # fmt: skip
    assert payload.endpoint.startswith("/api/v3/simple/price?ids=bitcoin&")
    assert list(CoinGeckoQuotes(http).read(replace(payload, received_at=NOW))) == ["bitcoin/usd"]


async def test_the_past_is_asked_for_in_seconds_around_the_window() -> None:
    script = answering({"prices": []})
    http, _, _ = client(script)
    start = NOW + timedelta(milliseconds=1)

    payload = await CoinGeckoHistory(http).page(instrument("a b"), Window(start, start + timedelta(days=90)))

    [request] = script.requests
    assert request.url.raw_path.decode().startswith("/api/v3/coins/a%20b/market_chart/range?")
    assert int(request.url.params["from"]) == int(NOW.timestamp())
    assert int(request.url.params["to"]) == int((NOW + timedelta(days=90)).timestamp()) + 1
    assert [status.endpoint for status in http.circuits()] == [CHART]
    assert CoinGeckoHistory(http).read(instrument(), payload).next is None


@pytest.mark.parametrize("paid", [False, True])
async def test_the_ranks_are_listed_before_all_coins(paid: bool) -> None:
    script = answering([COIN])
    http, _, _ = client(script)
    directory = CoinGeckoDirectory(http, paid=paid)

    payloads = [payload async for payload in directory.pages()]

    assert [request.url.path for request in script.requests[:2]] == ["/api/v3/coins/markets", "/api/v3/coins/list"]
    assert script.requests[0].url.params["per_page"] == "250"
    assert len(payloads) == 2 + paid
    assert [listing.key.base for payload in payloads for listing in directory.read(payload)][:2] == ["BTC", "BTC"]


def test_less_is_asked_than_an_address_may_ask_without_a_key() -> None:
    assert USUAL.weight_per_minute <= 10
    month = timedelta(days=30)
    assert month / USUAL.poll_every <= 10_000


@pytest.mark.parametrize(("first", "pages"), [(1, ["1"]), (250, ["1"]), (251, ["1", "2"])])
async def test_ranks_come_in_as_few_pages_as_it_takes(first: int, pages: list[str]) -> None:
    script = answering([COIN, {**COIN, "id": "ethereum"}])
    http, _, _ = client(script)
    ranking = CoinGeckoRanking(http)

    payloads = await ranking.pages(first)

    assert [request.url.params["page"] for request in script.requests] == pages
    assert ranking.read(payloads[0]) == ["bitcoin/usd", "ethereum/usd"]

"""The simulated Alpha Vantage: answers as the real ones are, failing on request; what it says is what is stored."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from candlewick.domain.errors import InvalidInput, RateLimited, SourceRefused, SourceUnavailable
from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.domain.time import Window
from candlewick.pipeline.discovery import discover
from candlewick.pipeline.history import Target, fetch_days, fetch_quotes
from candlewick.pipeline.polling import poll
from candlewick.ports import Outcome
from candlewick.providers.alphavantage import PROVIDER
from candlewick.providers.alphavantage.market_source import alphavantage_source
from candlewick.providers.alphavantage.simulator import SIMULATOR, SimulatorOptions, create_simulator
from candlewick.providers.provider import Access, Simulated, Source
from markets import FrozenClock
from recordings import recording
from source_doubles import Budget
from unit.pipeline.fakes import FakeStores

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
"""13:00 in New York, a Tuesday: the exchange is open."""
ALL = Window(datetime(1990, 1, 1, tzinfo=UTC), NOW)


@asynccontextmanager
async def asking(per_day: int = 1000) -> AsyncIterator[httpx.AsyncClient]:
    app = create_simulator(FrozenClock(NOW), SimulatorOptions(seed=7, requests_per_day=per_day))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator") as client:
        yield client


async def answer(client: httpx.AsyncClient, function: str, key: str = "KEY", **parameters: str) -> Any:
    response = await client.get("/query", params={"function": function, "apikey": key, **parameters})
    assert response.status_code == 200
    return response.json()


@asynccontextmanager
async def sourced(
    *keys: str, paid: bool = False, per_day: int = 1000
) -> AsyncIterator[tuple[Source, httpx.AsyncClient, FakeStores, dict[str, Instrument]]]:
    """The source that asks a simulator, a client to order its faults, stores, and the instruments of those keys."""
    clock = FrozenClock(NOW)
    transport = httpx.ASGITransport(create_simulator(clock, SimulatorOptions(seed=7, requests_per_day=per_day)))
    access = replace(
        PROVIDER.access or Access(""), api_key="PAID1" if paid else "FREE1", plan="premium" if paid else None
    )
    fakes = FakeStores()
    async with (
        alphavantage_source(access, clock, lambda *_, **__: Budget(), transport=transport) as source,
        httpx.AsyncClient(transport=transport, base_url="http://simulator") as client,
    ):
        await discover(source, fakes.stores(), [InstrumentKey.parse(key) for key in keys])
        yield source, client, fakes, {str(key): each for key, each in fakes.instruments.listed.items()}


async def test_answers_have_the_shape_of_the_recorded_ones() -> None:
    def recorded(name: str) -> Any:
        return json.loads(recording(f"stock/alphavantage/{name}").read_text())

    async with asking() as client:
        quote = await answer(client, "GLOBAL_QUOTE", symbol="IBM")
        rate = await answer(client, "CURRENCY_EXCHANGE_RATE", from_currency="EUR", to_currency="USD")
        found = await answer(client, "SYMBOL_SEARCH", keywords="BA")
        days = await answer(client, "TIME_SERIES_DAILY", symbol="IBM")
    assert list(quote["Global Quote"]) == list(recorded("global_quote.json")["Global Quote"])
    known = recorded("mock_foreign_exchange.json")["Realtime Currency Exchange Rate"]
    assert list(rate["Realtime Currency Exchange Rate"])[: len(known)] == list(known)
    assert list(found["bestMatches"][0]) == list(recorded("symbol_search.json")["bestMatches"][0])
    [minutes] = [part for name, part in recorded("mock_time_series.json").items() if name.startswith("Time Series")]
    rows = days["Time Series (Daily)"]
    assert {tuple(row) for row in rows.values()} == {tuple(row) for row in minutes.values()}
    assert list(rows) == sorted(rows, reverse=True)


async def test_a_free_key_gets_a_hundred_days_and_so_many_answers() -> None:
    async with asking(per_day=2) as client:
        assert len((await answer(client, "TIME_SERIES_DAILY", symbol="IBM"))["Time Series (Daily)"]) == 100
        full = await answer(client, "TIME_SERIES_DAILY", symbol="IBM", outputsize="full")
        third = await answer(client, "TIME_SERIES_DAILY", symbol="IBM")
        paid = await answer(client, "TIME_SERIES_DAILY", symbol="IBM", outputsize="full", key="PAID7")
    assert "outputsize=full parameter value is a premium feature" in full["Information"]
    assert "2 requests per day" in third["Information"]
    assert len(paid["Time Series (Daily)"]) > 6000


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        ("NOTHING", {}),
        ("TIME_SERIES_DAILY", {"symbol": "NOPE"}),
        ("FX_DAILY", {"from_symbol": "EUR", "to_symbol": "XYZ"}),
        ("COPPER", {"interval": "daily"}),
        ("CURRENCY_EXCHANGE_RATE", {"from_currency": "USD", "to_currency": "USD"}),
    ],
)
async def test_what_cannot_be_answered_is_an_error_message_with_status_200(
    function: str, parameters: dict[str, str]
) -> None:
    async with asking() as client:
        assert list(await answer(client, function, **parameters)) == ["Error Message"]


async def test_nobody_is_answered_without_a_key() -> None:
    async with asking() as client:
        assert "apikey is invalid or missing" in (await answer(client, "WTI", key=""))["Error Message"]


async def test_instruments_are_found_that_are_wanted() -> None:
    wanted = ("AAPL-USD", "EUR-USD", "WTI-USD", "WTI.EQ-USD", "TSCO.LON-GBX", "NOPE-USD")
    async with sourced(*(f"alphavantage:{each}" for each in wanted)) as (_, _, fakes, listed):
        assert {key.partition(":")[2]: each.symbol for key, each in listed.items()} == {
            "AAPL-USD": "AAPL", "EUR-USD": "EUR/USD", "WTI-USD": "commodity/WTI", "WTI.EQ-USD": "WTI",
            "TSCO.LON-GBX": "TSCO.LON",
        }  # fmt: skip
        assert len(fakes.raw.payloads) == 4


@pytest.mark.parametrize("fault", [None, "server_error", "html", "malformed"])
async def test_all_days_are_stored_as_they_stand_in_the_answer(fault: str | None) -> None:
    async with sourced("alphavantage:IBM-USD", paid=True) as (source, client, fakes, listed):
        said = await answer(client, "TIME_SERIES_DAILY", symbol="IBM", outputsize="full", key="PAID7")
        if fault:
            await client.post("/simulator/faults", json={"fault": fault, "path": "TIME_SERIES", "count": 2})
        assert source.days is not None
        target = Target(listed["alphavantage:IBM-USD"], "alphavantage")
        outcome = await fetch_days(source.days, fakes.stores(), target, ALL, lambda *_: None)
    rows = said["Time Series (Daily)"]
    unfinished = rows.pop("2026-11-24")
    assert (bool(unfinished), outcome) == (True, Outcome(stored=len(rows)))
    [delivery] = fakes.days.deliveries
    stored = {
        str(each.day): [str(value) for value in (each.open, each.high, each.low, each.close, each.volume)]
        for each in delivery.lines.candles
    }
    assert stored == {day: list(row.values()) for day, row in rows.items()}


async def test_a_commodity_is_stored_in_dollars_once() -> None:
    async with sourced("alphavantage:COTTON-USD") as (source, client, fakes, listed):
        said = await answer(client, "COTTON", interval="monthly")
        assert source.quote_history is not None
        target = Target(listed["alphavantage:COTTON-USD"], "alphavantage")
        first, again = [
            await fetch_quotes(source.quote_history, fakes.stores(), target, ALL, lambda *_: None) for _ in range(2)
        ]
    rows = said["data"][1:]  # November is not over
    assert (first, again) == (Outcome(stored=len(rows)), Outcome(repeated=len(rows)))
    assert [quote.price for quote in fakes.quotes.kept.values()] == [Decimal(row["value"]).scaleb(-2) for row in rows]


async def test_prices_now_are_stored_until_the_day_is_used_up() -> None:
    keys = [f"alphavantage:{each}" for each in ("EUR-USD", "GBP-USD", "JPY-USD")]
    async with sourced(*keys, per_day=2) as (source, _, fakes, listed):
        outcome = await poll(source, list(listed.values()), fakes.stores())
        assert outcome == Outcome(stored=2)
        with pytest.raises(RateLimited, match="used up"):
            await poll(source, list(listed.values()), fakes.stores())


@pytest.mark.parametrize(
    ("fault", "error"), [("rate_limited", RateLimited), ("banned", RateLimited), ("server_error", SourceUnavailable)]
)
async def test_a_fault_that_stays_is_an_error_of_the_source(fault: str, error: type[Exception]) -> None:
    async with sourced("alphavantage:EUR-USD") as (source, client, fakes, listed):
        await client.post("/simulator/faults", json={"fault": fault, "count": None})
        with pytest.raises(error):
            await poll(source, list(listed.values()), fakes.stores())


async def test_a_paid_plan_in_the_settings_with_a_free_key_says_so() -> None:
    async with sourced("alphavantage:IBM-USD") as (source, _, _, listed):
        assert source.days is not None
        payload = await source.days.page(listed["alphavantage:IBM-USD"], Window(NOW.replace(month=10), NOW))
        assert "outputsize=compact" in payload.endpoint
    clock, access = FrozenClock(NOW), replace(PROVIDER.access or Access(""), api_key="FREE1", plan="premium")
    transport = httpx.ASGITransport(create_simulator(clock))
    async with alphavantage_source(access, clock, lambda *_, **__: Budget(), transport=transport) as source:
        assert source.days is not None
        with pytest.raises(SourceRefused, match="the key's plan does not include this"):
            await source.days.page(listed["alphavantage:IBM-USD"], ALL)


@pytest.mark.parametrize("wanted", [Simulated(1, rate=5), Simulated(1, symbols=["IBM"])])
def test_rates_and_symbols_are_no_choice(wanted: Simulated) -> None:
    with pytest.raises(InvalidInput, match="leave out --rate and --symbols"):
        SIMULATOR.application(wanted, FrozenClock())


def test_it_is_offered() -> None:
    assert PROVIDER.simulator is not None
    assert PROVIDER.simulator().settings == {"REST_URL": "http"}
    assert SIMULATOR.application(Simulated(1), FrozenClock()) is not None

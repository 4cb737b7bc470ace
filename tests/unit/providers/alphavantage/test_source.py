"""Alpha Vantage over the network: what is asked, on which plan, how often, and that the key stays where it belongs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest
from structlog.testing import capture_logs

from candlewick.domain.errors import MalformedPayload, RateLimited, SettingsError, SourceRefused
from candlewick.domain.market import AssetClass, Instrument, InstrumentKey
from candlewick.domain.time import Window
from candlewick.providers.alphavantage import PROVIDER
from candlewick.providers.alphavantage.market_source import alphavantage_source
from candlewick.providers.provider import Access, Source
from candlewick.redaction import redact_text
from markets import FrozenClock
from source_doubles import Budget, Script
from unit.providers.alphavantage.wire import BURST, COTTON, DAILY, FX, OIL, RECEIVED, USED_UP, instrument

KEY = "SESAME0PEN0SESAME"
ACCESS = replace(PROVIDER.access or Access(""), api_key=KEY)
EUR = instrument("EUR/USD", AssetClass.FIAT)
WTI = instrument("commodity/WTI", AssetClass.COMMODITY)
COTTON_PRICE = instrument("commodity/COTTON", AssetClass.COMMODITY)
MONTH = Window(RECEIVED - timedelta(days=30), RECEIVED)
MINUTE = timedelta(minutes=1)


def answer(document: object) -> httpx.Response:
    return httpx.Response(200, text=json.dumps(document))


@asynccontextmanager
async def opened(script: Callable[[httpx.Request], httpx.Response], access: Access = ACCESS) -> AsyncIterator[Source]:
    clock, transport = FrozenClock(RECEIVED), httpx.MockTransport(script)
    async with alphavantage_source(access, clock, lambda *_, **__: Budget(), transport=transport) as source:
        yield source


def asked(script: Script) -> list[dict[str, str]]:
    """What was asked, without the key, which each request has."""
    found = [dict(request.url.params) for request in script.requests]
    assert all(parameters.pop("apikey") == KEY for parameters in found)
    return found


async def test_days_of_a_share_with_a_free_key_are_the_newest_hundred() -> None:
    script = Script([answer(DAILY)])
    async with opened(script) as source:
        assert source.days is not None
        page = await source.days.page(instrument(), MONTH)
        fetched = source.days.read(instrument(), page)
    assert asked(script) == [{"function": "TIME_SERIES_DAILY", "symbol": "IBM", "outputsize": "compact"}]
    assert (len(fetched.rows.candles), fetched.complete) == (2, True)


async def test_days_with_a_paid_key_are_all() -> None:
    script = Script([answer(FX)])
    async with opened(script, replace(ACCESS, plan="premium")) as source:
        assert source.days is not None
        await source.days.page(EUR, Window(datetime(1999, 1, 1, tzinfo=UTC), RECEIVED))
    assert asked(script) == [{"function": "FX_DAILY", "from_symbol": "EUR", "to_symbol": "USD", "outputsize": "full"}]


async def test_what_a_free_key_cannot_have_is_refused_before_it_costs_a_request() -> None:
    script = Script([answer(DAILY)])
    async with opened(script) as source:
        assert source.days is not None
        with pytest.raises(SourceRefused, match="a free key gets the newest 100 days"):
            await source.days.page(
                instrument(), Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))
            )
        with capture_logs() as said:
            await source.days.page(instrument(), Window(datetime(2020, 1, 1, tzinfo=UTC), RECEIVED))
    assert [each["event"] for each in said] == ["days_may_be_missing"]
    assert len(script.requests) == 1


async def test_days_of_another_symbol_are_malformed() -> None:
    async with opened(Script([answer(DAILY)])) as source:
        assert source.days is not None
        page = await source.days.page(instrument("AAPL"), MONTH)
        with pytest.raises(MalformedPayload, match="it is of IBM, not AAPL"):
            source.days.read(instrument("AAPL"), page)


@pytest.mark.parametrize("one", [WTI, instrument("BTC/USD", AssetClass.CRYPTO)])
async def test_what_has_no_days_is_refused_with_advice(one: Instrument) -> None:
    async with opened(Script([answer(DAILY)])) as source:
        assert source.days is not None
        with pytest.raises(SourceRefused, match=r"--kind quotes|is neither"):
            await source.days.page(one, MONTH)


@pytest.mark.parametrize(
    ("one", "document", "interval", "count"), [(WTI, OIL, "daily", 1), (COTTON_PRICE, COTTON, "monthly", 1)]
)
async def test_the_past_of_a_commodity_is_one_answer(
    one: Instrument, document: object, interval: str, count: int
) -> None:
    script = Script([answer(document)])
    async with opened(script) as source:
        assert source.quote_history is not None
        page = await source.quote_history.page(one, MONTH)
        fetched = source.quote_history.read(one, page)
        assert source.quote_reach > timedelta(days=30_000)
    assert asked(script) == [{"function": one.key.base, "interval": interval}]
    assert (len(fetched.rows.quotes), fetched.complete) == (count, True)


async def test_past_quotes_of_a_share_are_refused_with_advice() -> None:
    async with opened(Script([answer(OIL)])) as source:
        assert source.quote_history is not None
        with pytest.raises(SourceRefused, match="--kind days"):
            await source.quote_history.page(instrument(), MONTH)


async def test_each_price_is_a_question_of_its_own() -> None:
    quote = {"Global Quote": {"01. symbol": "IBM", "05. price": "230.1", "07. latest trading day": "2026-11-23"}}
    script = Script([answer(quote), answer({"Realtime Currency Exchange Rate": {}}), answer(OIL)])
    async with opened(script) as source:
        assert source.quotes is not None
        pages = await source.quotes.pages([instrument(), EUR, WTI])
        found = [source.quotes.read(page) for page in pages]
    assert [each["function"] for each in asked(script)] == ["GLOBAL_QUOTE", "CURRENCY_EXCHANGE_RATE", "WTI"]
    assert [list(each) for each in found] == [["IBM"], [""], ["commodity/WTI"]]


async def test_what_was_answered_before_the_limit_is_kept() -> None:
    script = Script([answer(OIL), answer({"Information": USED_UP})])
    async with opened(script) as source:
        assert source.quotes is not None
        with capture_logs() as said:
            pages = await source.quotes.pages([WTI, EUR, instrument()])
        assert (len(pages), len(script.requests)) == (1, 2)
        assert [each["count"] for each in said if each["event"] == "quotes_put_off"] == [2]
        with pytest.raises(RateLimited):
            await source.quotes.pages([EUR])


async def test_one_that_is_refused_keeps_no_other_from_its_price() -> None:
    script = Script([answer({"Error Message": "Invalid API call"}), answer(OIL)])
    async with opened(script) as source:
        assert source.quotes is not None
        assert len(await source.quotes.pages([EUR, WTI])) == 1


async def test_without_a_key_it_is_not_asked_and_says_what_to_do() -> None:
    script = Script([answer(OIL)])
    async with opened(script, replace(ACCESS, api_key=None)) as source:
        assert source.quotes is not None
        with pytest.raises(SourceRefused, match=r"set sources\.alphavantage\.api_key"):
            await source.quotes.pages([WTI, EUR])
    assert script.requests == []


async def test_the_key_is_in_no_payload_no_log_and_no_error() -> None:
    script = Script(
        [answer(OIL), answer({"Information": USED_UP.replace("DEM0K3Y0DEM0K3Y0", KEY)}), httpx.ConnectError("x")]
    )
    async with opened(script) as source:
        assert source.quotes is not None
        with capture_logs() as said:
            [page] = await source.quotes.pages([WTI])
            with pytest.raises(RateLimited) as limited:
                await source.quotes.pages([EUR])
        assert page.endpoint == "/query?function=WTI&interval=daily"
        shown = f"{page} {said} {limited.value} {source.circuits()} {ACCESS!r}"
    assert KEY not in shown


async def test_a_search_is_asked_once_a_day() -> None:
    matches = {"bestMatches": [{"1. symbol": "BA", "2. name": "Boeing", "3. type": "Equity", "8. currency": "USD"}]}
    script = Script([answer(matches)])
    async with opened(script) as source:
        assert source.lookup is not None
        for base in ("BA", "BA", "NONE"):
            page = await source.lookup.page(InstrumentKey("alphavantage", base, "USD"))
            assert [each.symbol for each in source.lookup.read(page)] == ["BA"]
        assert source.lookup.known(InstrumentKey("alphavantage", "WTI", "USD")) is not None
    assert [each["keywords"] for each in asked(script)] == ["BA", "NONE"]


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (ACCESS, {"alphavantage": (1, timedelta(seconds=1)), "alphavantage:day": (25, timedelta(days=1))}),
        (replace(ACCESS, plan="premium", weight_per_minute=75), {"alphavantage": (1, timedelta(seconds=1))}),
        (
            replace(ACCESS, weight_per_day=500, weight_per_minute=5),
            {"alphavantage": (1, timedelta(seconds=12)), "alphavantage:day": (500, timedelta(days=1))},
        ),
    ],
    ids=["free", "paid", "as set"],
)
async def test_requests_are_counted_by_the_second_and_by_the_day(
    access: Access, expected: dict[str, tuple[int, timedelta]]
) -> None:
    made: dict[str, tuple[int, timedelta]] = {}

    def budget(name: str, limit: int, *, span: timedelta = MINUTE) -> Budget:
        made[name] = (limit, span)
        return Budget()

    async with alphavantage_source(access, FrozenClock(), budget):
        pass
    assert made == expected


async def test_a_plan_that_there_is_not_is_refused() -> None:
    with pytest.raises(SettingsError, match="allowed are free and premium"):
        async with opened(Script([answer(OIL)]), replace(ACCESS, plan="gold")):
            pass


async def test_a_burst_makes_everybody_wait() -> None:
    budget = Budget()
    script = Script([answer({"Information": BURST})])
    transport = httpx.MockTransport(script)
    make = partial(alphavantage_source, ACCESS, FrozenClock(RECEIVED), lambda *_, **__: budget, transport=transport)
    async with make() as source:
        assert source.quotes is not None
        with pytest.raises(RateLimited):
            await source.quotes.pages([WTI])
    assert budget.pauses == [60.0]


def test_an_address_in_a_log_of_the_http_library_hides_the_key() -> None:
    line = f'HTTP Request: GET https://www.alphavantage.co/query?function=WTI&apikey={KEY} "HTTP/1.1 200 OK"'
    assert KEY not in redact_text(line)

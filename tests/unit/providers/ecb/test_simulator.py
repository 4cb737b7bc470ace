"""The simulated ECB: files and answers as the real ones are, failing on request; what it says is what is stored."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import httpx
import pytest

from candlewick.domain.errors import InvalidInput, RateLimited
from candlewick.domain.market import Instrument, InstrumentKey, InstrumentStatus
from candlewick.domain.time import Window
from candlewick.pipeline.discovery import discover
from candlewick.pipeline.history import Target, fetch_quotes
from candlewick.pipeline.polling import poll
from candlewick.ports import Outcome
from candlewick.providers.ecb import PROVIDER
from candlewick.providers.ecb.market_source import ecb_source
from candlewick.providers.ecb.rest import HISTORY, LATEST
from candlewick.providers.ecb.simulator import SIMULATOR, create_simulator
from candlewick.providers.provider import Access, Simulated, Source
from markets import FrozenClock
from source_doubles import Budget
from unit.pipeline.fakes import FakeStores
from unit.providers.ecb.wire import recorded_history

EVENING = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
FORTNIGHT = Window(EVENING - timedelta(days=14), EVENING)


def transport(clock: FrozenClock) -> httpx.ASGITransport:
    return httpx.ASGITransport(create_simulator(7, clock))


@asynccontextmanager
async def asking(moment: datetime = EVENING) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=transport(FrozenClock(moment)), base_url="http://simulator") as client:
        yield client


@asynccontextmanager
async def sourced() -> AsyncIterator[tuple[Source, httpx.AsyncClient, FakeStores]]:
    """The source that asks a simulator, a client to order its faults, and stores."""
    clock = FrozenClock(EVENING)
    served = transport(clock)
    access = PROVIDER.access or Access("")
    async with (
        ecb_source(access, clock, lambda *_, **__: Budget(), transport=served) as source,
        httpx.AsyncClient(transport=served, base_url="http://simulator") as client,
    ):
        yield source, client, FakeStores()


async def known(source: Source, fakes: FakeStores) -> dict[InstrumentKey, Instrument]:
    await discover(source, fakes.stores())
    return fakes.instruments.listed


def rows_of(body: bytes) -> list[list[str]]:
    with ZipFile(BytesIO(body)) as archive:
        [name] = archive.namelist()
        return list(csv.reader(archive.read(name).decode().splitlines()))


async def test_files_have_the_shape_of_the_recorded_ones() -> None:
    async with asking() as client:
        history, latest = [rows_of((await client.get(path)).content) for path in (HISTORY, LATEST)]
    recorded = rows_of(recorded_history().body)
    assert (history[0][0], history[0][-1], recorded[0][0], recorded[0][-1]) == ("Date", "", "Date", "")
    assert {len(row) for row in history} == {len(history[0])}
    assert [row[0] for row in history[1:]] == sorted((row[0] for row in history[1:]), reverse=True)
    assert (history[1][0], history[-1][0], recorded[-1][0]) == ("2026-11-24", "1999-01-04", "1999-01-04")
    assert history[1][history[0].index("HRK")] == "N/A"
    assert latest[1][0] == "24 November 2026"
    assert " HRK" not in latest[0]


@pytest.mark.parametrize(
    ("day", "has_rates"),
    [("2024-03-28", True), ("2024-03-29", False), ("2024-04-01", False), ("2024-05-01", False), ("2024-12-25", False)],
)
async def test_there_are_no_rates_on_target_holidays(day: str, has_rates: bool) -> None:
    async with asking() as client:
        answer = (await client.get(f"/v1/{day}")).json()
    assert (answer["date"] == day) is has_rates


async def test_todays_rates_come_at_16_00_in_frankfurt() -> None:
    async with asking(MORNING) as client:
        assert (await client.get("/v1/latest")).json()["date"] == "2026-11-23"


async def test_a_range_begins_with_the_business_day_before_and_a_weekend_is_fridays() -> None:
    async with asking() as client:
        found = (await client.get("/v1/2026-11-21..2026-11-24", params={"symbols": "USD"})).json()
        saturday = (await client.get("/v1/2026-11-21")).json()
    assert list(found["rates"]) == ["2026-11-20", "2026-11-23", "2026-11-24"]
    assert saturday["date"] == "2026-11-20"


async def test_another_base_or_amount_is_computed() -> None:
    async with asking() as client:
        one = (await client.get("/v1/latest", params={"symbols": "USD"})).json()["rates"]["USD"]
        ten = (await client.get("/v1/latest", params={"symbols": "USD", "amount": "10"})).json()
        base = (await client.get("/v1/latest", params={"symbols": "EUR", "base": "USD"})).json()
    assert (ten["amount"], ten["rates"]["USD"]) == (10, pytest.approx(10 * one))
    assert base["rates"]["EUR"] == pytest.approx(1 / one, abs=1e-5)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/1998-01-05", 404),
        ("/v1/never", 422),
        ("/v1/latest?base=XYZ", 404),
        ("/v1/latest?amount=x", 422),
        ("/x", 404),
    ],
)
async def test_what_cannot_be_answered_has_a_message(path: str, status: int) -> None:
    async with asking() as client:
        answer = await client.get(path)
    assert (answer.status_code, set(answer.json())) == (status, {"message"})


async def test_version_2_is_a_blend_unless_one_asks_for_the_ecb() -> None:
    async with asking() as client:
        exact, blend = [
            (await client.get("/v2/rates", params={"quotes": "USD", **who})).json()[0]["rate"]
            for who in ({"providers": "ECB"}, {})
        ]
        lines = await client.get("/v2/rates", params={"providers": "ECB"}, headers={"accept": "application/x-ndjson"})
        latest = (await client.get("/v1/latest")).json()["rates"]
    assert exact == latest["USD"] != blend
    assert len(lines.text.splitlines()) == len(latest)


async def test_all_currencies_are_discovered_with_their_status() -> None:
    async with sourced() as (source, _, _):
        assert source.directory is not None
        [page] = [page async for page in source.directory.pages()]
        listings = source.directory.read(page)
    assert len(listings) == 15
    assert {each.symbol for each in listings if each.status is InstrumentStatus.DELISTED} == {"BGN", "SIT", "HRK"}


@pytest.mark.parametrize("fault", [None, "server_error", "html", "malformed"])
async def test_the_newest_rates_are_stored_as_they_stand_in_the_file(fault: str | None) -> None:
    async with sourced() as (source, client, fakes):
        wanted = list((await known(source, fakes)).values())
        rows = [[cell.strip() for cell in row] for row in rows_of((await client.get(LATEST)).content)]
        if fault:
            await client.post("/simulator/faults", json={"fault": fault, "path": "eurofxref.zip", "count": 2})
        assert await poll(source, wanted, fakes.stores()) == Outcome(stored=12)
        stored = {
            next(each.symbol for each in wanted if each.id == key[0]): str(quote.price)
            for key, quote in fakes.quotes.kept.items()
        }
    assert stored == dict(zip(rows[0][1:-1], rows[1][1:-1], strict=True))


async def test_who_is_limited_waits() -> None:
    async with sourced() as (source, client, fakes):
        wanted = list((await known(source, fakes)).values())
        await client.post("/simulator/faults", json={"fault": "rate_limited", "count": None, "seconds": 90})
        with pytest.raises(RateLimited) as caught:
            await poll(source, wanted, fakes.stores())
        assert caught.value.retry_after == 90


@pytest.mark.parametrize("frankfurter_is_away", [False, True])
async def test_a_few_days_are_the_same_from_either_of_the_two(frankfurter_is_away: bool) -> None:
    async with sourced() as (source, client, fakes):
        instrument = (await known(source, fakes))[InstrumentKey("ecb", "EUR", "USD")]
        rows = rows_of((await client.get(HISTORY)).content)
        if frankfurter_is_away:
            await client.post("/simulator/faults", json={"fault": "server_error", "path": "/v1/", "count": None})
        assert source.quote_history is not None
        target = Target(instrument, "ecb")
        outcome = await fetch_quotes(source.quote_history, fakes.stores(), target, FORTNIGHT, lambda *_: None)
        column = rows[0].index("USD")
        expected = {date.fromisoformat(row[0]): Decimal(row[column]) for row in rows[1:] if row[0] > "2026-11-10"}
        assert outcome == Outcome(stored=10)
        assert {key[2].date(): quote.price for key, quote in fakes.quotes.kept.items()} == expected


async def test_all_days_are_stored_once_however_often_they_are_fetched() -> None:
    async with sourced() as (source, client, fakes):
        instrument = (await known(source, fakes))[InstrumentKey("ecb", "EUR", "SIT")]
        assert source.quote_history is not None
        window = Window(datetime(1999, 1, 1, tzinfo=UTC), EVENING)
        target = Target(instrument, "ecb")
        first, again = [
            await fetch_quotes(source.quote_history, fakes.stores(), target, window, lambda *_: None) for _ in range(2)
        ]
        rows = rows_of((await client.get(HISTORY)).content)
        column = rows[0].index("SIT")
        expected = [row[column] for row in rows[1:] if row[column] != "N/A"]
    assert (first, again) == (Outcome(stored=len(expected)), Outcome(repeated=len(expected)))


@pytest.mark.parametrize("wanted", [Simulated(1, rate=5), Simulated(1, symbols=["USD"])])
def test_rates_and_symbols_are_no_choice(wanted: Simulated) -> None:
    with pytest.raises(InvalidInput, match="leave out --rate and --symbols"):
        SIMULATOR.application(wanted, FrozenClock())


def test_it_is_offered() -> None:
    assert PROVIDER.simulator is not None
    assert PROVIDER.simulator().settings == {"REST_URL": "http", "ARCHIVE_URL": "http"}
    assert SIMULATOR.application(Simulated(1), FrozenClock()) is not None

"""The source against the simulator: what is said is what is stored, whatever goes wrong in between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from candlewick.domain.errors import MalformedPayload, RateLimited, SourceRefused
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window
from candlewick.pipeline.discovery import discover
from candlewick.pipeline.history import Target, fetch_quotes
from candlewick.pipeline.polling import poll
from candlewick.ports import Outcome
from candlewick.providers.provider import Source
from unit.pipeline.fakes import FakeStores
from unit.providers.coingecko.simulator.served import sourced
from unit.providers.coingecko.wire import NOW

Scene = tuple[Source, httpx.AsyncClient]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with sourced() as made:
        yield made


async def discovered(source: Source) -> FakeStores:
    fakes = FakeStores()
    await discover(source, fakes.stores())
    return fakes


async def test_coins_are_found_by_rank_and_no_two_are_merged(scene: Scene) -> None:
    fakes = await discovered(scene[0])

    symbols = {str(key): instrument.symbol for key, instrument in fakes.instruments.listed.items()}
    assert symbols["coingecko:UNI-USD"] == "uniswap/usd"
    assert symbols["coingecko:UNI~unicorn.token-USD"] == "unicorn-token/usd"
    assert len(set(symbols.values())) == len(symbols) == 14
    assert len(fakes.raw.payloads) == 2


async def test_who_pays_finds_inactive_coins_as_well() -> None:
    async with sourced("pro") as (source, _):
        fakes = await discovered(source)

    assert InstrumentKey("coingecko", "DED", "USD") in fakes.instruments.listed


@pytest.mark.parametrize("fault", [None, "server_error", "html", "malformed"])
async def test_what_the_source_says_is_stored_digit_for_digit(scene: Scene, fault: str | None) -> None:
    source, client = scene
    fakes = await discovered(source)
    wanted = list(fakes.instruments.listed.values())
    if fault:
        await client.post("/simulator/faults", json={"fault": fault, "path": "simple/price", "count": 2})

    outcome = await poll(source, wanted, fakes.stores())

    assert outcome == Outcome(stored=len(wanted))
    [payload] = [each for each in fakes.raw.payloads if "simple/price" in each.endpoint]
    said = json.loads(payload.body, parse_float=Decimal, parse_int=Decimal)
    for (identity, _, _), quote in fakes.quotes.kept.items():
        [symbol] = [each.symbol for each in wanted if each.id == identity]
        coin, currency = symbol.split("/")
        assert quote.price == said[coin][currency]
        assert quote.market_cap == said[coin][f"{currency}_market_cap"]
        assert quote.change_24h == said[coin][f"{currency}_24h_change"]


async def test_a_page_that_stays_no_json_is_an_error_of_the_source(scene: Scene) -> None:
    source, client = scene
    fakes = await discovered(source)
    await client.post("/simulator/faults", json={"fault": "banned", "path": "simple/price", "count": None})

    with pytest.raises(RateLimited, match="it sent a web page"):
        await poll(source, list(fakes.instruments.listed.values()), fakes.stores())


async def test_the_past_is_stored_once_however_often_it_is_fetched(scene: Scene) -> None:
    source, _ = scene
    fakes = await discovered(source)
    instrument = fakes.instruments.listed[InstrumentKey("coingecko", "BTC", "USD")]
    assert source.quote_history is not None
    window = Window(NOW - timedelta(days=10), NOW - timedelta(days=8))
    target = Target(instrument, "coingecko")

    first = await fetch_quotes(source.quote_history, fakes.stores(), target, window, lambda *_: None)
    second = await fetch_quotes(source.quote_history, fakes.stores(), target, window, lambda *_: None)

    assert first.stored in {47, 48, 49}
    assert second == Outcome(repeated=first.stored)
    assert all(window.start <= ts < window.end for _, _, ts in fakes.quotes.kept)


async def test_a_past_that_takes_a_key_is_refused_in_its_words(scene: Scene) -> None:
    source, _ = scene
    fakes = await discovered(source)
    instrument = fakes.instruments.listed[InstrumentKey("coingecko", "BTC", "USD")]
    assert source.quote_history is not None

    with pytest.raises(SourceRefused, match=r"10012: .*within the past 365 days"):
        await source.quote_history.page(instrument, Window(NOW - timedelta(days=500), NOW - timedelta(days=450)))


async def test_every_kept_payload_can_be_read_again(scene: Scene) -> None:
    source, _ = scene
    fakes = await discovered(source)
    await poll(source, list(fakes.instruments.listed.values()), fakes.stores())
    assert source.reader is not None

    contents = [source.reader.read(payload) for payload in fakes.raw.payloads]

    assert [bool(each.listings) for each in contents] == [True, True, False]
    kept = set(fakes.quotes.kept.values())
    assert {quote for lines in contents[-1].quotes.values() for quote in lines.quotes} == kept
    with pytest.raises(MalformedPayload):
        source.reader.read(fakes.raw.payloads[0].__class__("coingecko", "/api/v3/global", b"{}", NOW))

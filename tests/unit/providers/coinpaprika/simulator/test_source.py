"""The source against the simulator: what is said is what is stored, whatever goes wrong in between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from candlewick.domain.errors import RateLimited, SourceRefused
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window
from candlewick.pipeline.discovery import discover
from candlewick.pipeline.history import Target, fetch_quotes
from candlewick.pipeline.polling import poll
from candlewick.ports import Outcome
from candlewick.providers.provider import Source
from unit.pipeline.fakes import FakeStores
from unit.providers.coinpaprika.simulator.served import sourced
from unit.providers.coinpaprika.wire import NOW

Scene = tuple[Source, httpx.AsyncClient]
BTC = InstrumentKey("coinpaprika", "BTC", "USD")


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
    assert symbols["coinpaprika:UNI-USD"] == "uni-uniswap/usd"
    assert symbols["coinpaprika:UNI~uni.unicorn-USD"] == "uni-unicorn/usd"
    assert len(set(symbols.values())) == len(symbols) == 14


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("fault", [None, "server_error", "html", "malformed"])
async def test_what_the_source_says_is_stored_digit_for_digit(scene: Scene, fault: str | None, few: bool) -> None:
    source, client = scene
    fakes = await discovered(source)
    active = [each for each in fakes.instruments.listed.values() if "dead" not in each.symbol]
    wanted = [each for each in active if "bitcoin" in each.symbol or "unknown" in each.symbol] if few else active
    if fault:
        await client.post("/simulator/faults", json={"fault": fault, "path": "tickers", "count": 2})

    outcome = await poll(source, wanted, fakes.stores())

    assert outcome == Outcome(stored=len(wanted))
    said: dict[str, Any] = {}
    for payload in fakes.raw.payloads[1:]:
        document = json.loads(payload.body, parse_float=Decimal, parse_int=Decimal)
        said |= {row["id"]: row["quotes"] for row in (document if isinstance(document, list) else [document])}
    for (identity, _, _), quote in fakes.quotes.kept.items():
        [symbol] = [each.symbol for each in wanted if each.id == identity]
        coin, currency = symbol.split("/")
        figures = said[coin][currency.upper()]
        assert (quote.price, quote.change_24h) == (figures["price"], figures["percent_change_24h"])
        assert quote.market_cap == (None if figures["market_cap"] == "" else figures["market_cap"])


async def test_a_source_that_refuses_for_now_says_for_how_long(scene: Scene) -> None:
    source, client = scene
    fakes = await discovered(source)
    await client.post(
        "/simulator/faults", json={"fault": "rate_limited", "path": "tickers", "count": None, "seconds": 90}
    )

    with pytest.raises(RateLimited, match="too many requests") as caught:
        await poll(source, [fakes.instruments.listed[BTC]], fakes.stores())
    assert caught.value.retry_after == 90


@pytest.mark.parametrize(("plan", "stored"), [(None, 30), ("business", 30 * 24)])
async def test_the_past_is_stored_once_and_without_what_is_unfinished(plan: str | None, stored: int) -> None:
    async with sourced(plan) as (source, _):
        fakes = await discovered(source)
        assert source.quote_history is not None
        midnight = NOW.replace(hour=0)
        if plan is None:
            window = Window(midnight - timedelta(days=30), NOW)
        else:
            window = Window(midnight - timedelta(days=30), midnight)
        target = Target(fakes.instruments.listed[BTC], "coinpaprika")

        first = await fetch_quotes(source.quote_history, fakes.stores(), target, window, lambda *_: None)
        second = await fetch_quotes(source.quote_history, fakes.stores(), target, window, lambda *_: None)

    assert first.stored == (stored if plan is None else stored * 12)
    assert second == Outcome(repeated=first.stored)
    assert max(ts for _, _, ts in fakes.quotes.kept) < midnight


async def test_a_past_that_the_plan_does_not_allow_is_refused_in_its_words(scene: Scene) -> None:
    source, _ = scene
    fakes = await discovered(source)
    assert source.quote_history is not None

    with pytest.raises(SourceRefused, match="is not allowed in this plan"):
        await source.quote_history.page(
            fakes.instruments.listed[BTC], Window(NOW - timedelta(days=500), NOW - timedelta(days=450))
        )


async def test_every_kept_payload_can_be_read_again(scene: Scene) -> None:
    source, _ = scene
    fakes = await discovered(source)
    await poll(source, list(fakes.instruments.listed.values()), fakes.stores())
    assert source.reader is not None

    listed, quoted = [source.reader.read(payload) for payload in fakes.raw.payloads]

    assert listed.listings
    assert {quote for lines in quoted.quotes.values() for quote in lines.quotes} >= set(fakes.quotes.kept.values())

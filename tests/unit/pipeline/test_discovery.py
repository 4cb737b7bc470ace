"""Discovery: every payload is kept, and an instrument keeps its key whoever comes to the same code later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import pytest

from candlewick.domain.errors import SourceUnavailable
from candlewick.domain.market import InstrumentKey
from candlewick.domain.raw import Payload
from candlewick.pipeline.discovery import discover
from candlewick.ports import Directory, Listed, Listing
from unit.pipeline.fakes import FakeStores
from unit.pipeline.sources import ORIGIN, FakeSource, listing


@dataclass
class Lists:
    """A Directory of several lists; an error instead of one comes in its place."""

    lists: Sequence[Sequence[Listing] | Exception]

    async def pages(self) -> AsyncIterator[Payload]:
        for number, one in enumerate(self.lists):
            if isinstance(one, Exception):
                raise one
            yield Payload("binance", f"/list?page={number}", b"[]", ORIGIN)

    def read(self, payload: Payload) -> Sequence[Listing]:
        found = self.lists[int(payload.endpoint.rpartition("=")[2])]
        return [] if isinstance(found, Exception) else found


def coin(symbol: str, key: str, other: str) -> Listing:
    named = replace(listing(InstrumentKey("binance", key, "USD")), symbol=symbol)
    return replace(named, other_key=InstrumentKey("binance", other, "USD"))


async def found(fakes: FakeStores, *lists: Sequence[Listing] | Exception) -> Listed:
    directory: Directory = Lists(lists)
    source = FakeSource()
    source.directory = directory  # type: ignore[assignment]
    return await discover(source, fakes.stores())


def symbols(fakes: FakeStores) -> dict[str, str]:
    return {key.base: instrument.symbol for key, instrument in fakes.instruments.listed.items()}


@pytest.fixture
def fakes() -> FakeStores:
    return FakeStores()


async def test_each_payload_is_kept_and_its_listings_taken_over(fakes: FakeStores) -> None:
    a, b = (listing(InstrumentKey("binance", base, "USD")) for base in "AB")

    assert await found(fakes, [a], [a, b]) == Listed(added=2, unchanged=1)
    assert [payload.endpoint for payload in fakes.raw.payloads] == ["/list?page=0", "/list?page=1"]


async def test_what_came_before_a_list_that_cannot_be_had_is_taken_over(fakes: FakeStores) -> None:
    with pytest.raises(SourceUnavailable):
        await found(fakes, [listing()], SourceUnavailable("binance", "away"))

    assert len(fakes.instruments.listed) == 1


async def test_a_code_stays_with_the_symbol_that_had_it_first(fakes: FakeStores) -> None:
    first, second = coin("uniswap", "UNI", "UNI~uniswap"), coin("unicorn", "UNI", "UNI~unicorn")

    await found(fakes, [first])
    await found(fakes, [second])
    await found(fakes, [second, first])

    assert symbols(fakes) == {"UNI": "uniswap", "UNI~unicorn": "unicorn"}


async def test_an_instrument_that_goes_by_its_long_key_does_not_take_a_code_that_becomes_free(
    fakes: FakeStores,
) -> None:
    await found(fakes, [coin("unicorn", "UNI~unicorn", "UNI")])
    await found(fakes, [coin("unicorn", "UNI", "UNI~unicorn")])

    assert symbols(fakes) == {"UNI~unicorn": "unicorn"}


async def test_a_list_that_does_not_know_who_is_first_finds_those_that_are_known(fakes: FakeStores) -> None:
    await found(fakes, [coin("uniswap", "UNI", "UNI~uniswap")])
    await found(fakes, [coin("uniswap", "UNI~uniswap", "UNI"), coin("unicorn", "UNI~unicorn", "UNI")])

    assert symbols(fakes) == {"UNI": "uniswap", "UNI~unicorn": "unicorn"}


async def test_a_source_without_a_list_has_nothing_to_say(fakes: FakeStores) -> None:
    assert await discover(FakeSource(directory=None), fakes.stores()) == Listed()


@dataclass
class Search:
    """A Lookup: what begins with K is known, the rest is asked for, one page a key; an answer has two listings."""

    asked: list[str]

    def known(self, key: InstrumentKey) -> Listing | None:
        return listing(key) if key.base.startswith("K") else None

    async def page(self, key: InstrumentKey) -> Payload:
        self.asked.append(key.base)
        return Payload("binance", f"/search?q={key.base}", b"[]", ORIGIN)

    def read(self, payload: Payload) -> Sequence[Listing]:
        base = payload.endpoint.rpartition("=")[2]
        return [listing(InstrumentKey("binance", each, "USD")) for each in (base, f"{base}2") if base != "NONE"]


async def test_what_is_wanted_of_a_source_without_a_list_is_looked_for(fakes: FakeStores) -> None:
    search = Search([])
    source = FakeSource(directory=None, lookup=search)
    wanted = [InstrumentKey("binance", base, "USD") for base in ("A", "K", "A2", "NONE", "A")]

    assert await discover(source, fakes.stores(), wanted) == Listed(added=3)
    assert (search.asked, sorted(symbols(fakes))) == (["A", "NONE"], ["A", "A2", "K"])
    assert [payload.endpoint for payload in fakes.raw.payloads] == ["/search?q=A", "/search?q=NONE"]
    await discover(source, fakes.stores(), wanted[:3])
    assert search.asked == ["A", "NONE"]

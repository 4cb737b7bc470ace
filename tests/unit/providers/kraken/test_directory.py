"""What is asked for to know what Kraken lists."""

from __future__ import annotations

import httpx
import pytest

from candlewick.domain.errors import SourceUnavailable
from candlewick.domain.raw import Payload
from candlewick.providers.kraken.directory import KrakenDirectory
from candlewick.providers.kraken.rest import objection
from source_doubles import Script, client
from unit.providers.kraken.test_symbols import PAIR

PAIRS = httpx.Response(200, json={"error": [], "result": {"XXBTZUSD": PAIR}})


async def pages(*answers: httpx.Response) -> tuple[list[Payload], Script]:
    script = Script(list(answers))
    directory = KrakenDirectory(client(script, objection=objection)[0])
    return [payload async for payload in directory.pages()], script


async def test_currencies_and_tokenized_shares_are_two_lists() -> None:
    found, script = await pages(PAIRS, PAIRS)

    assert [payload.endpoint for payload in found] == [
        "/0/public/AssetPairs", "/0/public/AssetPairs?aclass_base=tokenized_asset"
    ]  # fmt: skip
    assert len(script.requests) == 2


async def test_where_no_shares_are_offered_there_is_one_list() -> None:
    found, _ = await pages(PAIRS, httpx.Response(200, json={"error": ["EGeneral:Permission denied"]}))

    assert len(found) == 1


async def test_trouble_with_the_second_list_is_trouble() -> None:
    with pytest.raises(SourceUnavailable):
        await pages(PAIRS, httpx.Response(200, json={"error": ["EService:Busy"]}))


async def test_what_is_listed_is_read() -> None:
    found, _ = await pages(PAIRS)

    directory = KrakenDirectory(client(Script([PAIRS]))[0])
    assert [each.symbol for each in directory.read(found[0])] == ["BTC/USD"]

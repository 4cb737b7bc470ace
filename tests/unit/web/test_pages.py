"""The pages: they are there, they load nothing from elsewhere, and their examples run."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from candlewick.graphql.app import HttpOptions
from unit.graphql.conftest import client_of
from unit.graphql.fakes import FakeServices
from unit.graphql.sockets import connected, serving

STATIC = Path(__file__).parents[3] / "src" / "candlewick" / "web" / "static"
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
EXAMPLES = re.findall(r"`(#.*?)`,", (STATIC / "examples.js").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(FakeServices(), HttpOptions(anonymous=True)) as opened:
        yield opened


async def test_a_browser_gets_the_explorer_and_a_client_does_not(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers=BROWSER)
    assert page.headers["content-type"].startswith("text/html")
    assert 'id="explorer"' in page.text
    answer = await client.get("/graphql?query={__typename}", headers={"accept": "*/*"})
    assert answer.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("path", ["/", "/graphql"])
async def test_a_page_loads_only_what_we_serve(client: httpx.AsyncClient, path: str) -> None:
    page = (await client.get(path, headers=BROWSER)).text
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', page)
    assert loaded
    for address in loaded:
        assert address.startswith("/static/")
        assert (await client.get(address)).status_code == 200


@pytest.mark.parametrize("path", ["/", "/graphql"])
async def test_a_page_has_no_script_or_style_within(client: httpx.AsyncClient, path: str) -> None:
    page = (await client.get(path, headers=BROWSER)).text
    assert not re.search(r"<script(?![^>]+src=)|<style|\son[a-z]+=|\sstyle=", page)


def test_there_is_an_example_for_each_thing_to_try() -> None:
    names = [re.search(r"(?:query|subscription) (\w+)", example) for example in EXAMPLES]
    assert [name[1] for name in names if name] == [
        "Instruments",
        "HourlyCandles",
        "LatestTrades",
        "NinetyMinutes",
        "LiveCandles",
        "Service",
    ]


@pytest.mark.parametrize("example", [example for example in EXAMPLES if "subscription " not in example])
async def test_every_example_runs(client: httpx.AsyncClient, example: str) -> None:
    response = await client.post("/graphql", json={"query": example, "variables": {"key": "binance:BTC-USDT"}})
    answer = response.json()
    assert "errors" not in answer
    assert None not in answer["data"].values()


@pytest.mark.parametrize("example", [example for example in EXAMPLES if "subscription " in example])
async def test_every_live_example_tells_of_something(example: str) -> None:
    async with serving(FakeServices()) as app, connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", example, key="binance:BTC-USDT")
        assert (await socket.data())["candles"]["candles"]


async def test_the_start_pages_query_runs(client: httpx.AsyncClient) -> None:
    script = (STATIC / "start.js").read_text(encoding="utf-8")
    query = script[script.index("`") + 1 : script.index("`;")]
    answer = (
        await client.post(
            "/graphql", content=json.dumps({"query": query}), headers={"content-type": "application/json"}
        )
    ).json()
    assert "errors" not in answer


def test_the_pages_stay_light() -> None:
    assert sum(path.stat().st_size for path in STATIC.rglob("*")) < 3_000_000


@pytest.mark.parametrize("name", ["graphiql", "react", "react-dom"])
def test_what_others_wrote_comes_with_its_licence(name: str) -> None:
    assert "MIT License" in (STATIC / "graphiql" / f"{name}.LICENSE").read_text(encoding="utf-8")

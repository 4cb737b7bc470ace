"""The pages: they are there, they load nothing from elsewhere, and their examples run."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from candlewick.graphql.app import HttpOptions
from unit.graphql.conftest import client_of
from unit.graphql.fakes import SECRET, FakeServices
from unit.graphql.sockets import connected, serving

STATIC = Path(__file__).parents[3] / "src" / "candlewick" / "web" / "static"
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@dataclass(frozen=True, slots=True)
class Example:
    """A tab of the explorer."""

    query: str
    variables: dict[str, object]

    @property
    def name(self) -> str:
        found = re.search(r"^(?:query|mutation|subscription) (\w+)", self.query, re.MULTILINE)
        assert found is not None, self.query
        return found[1]

    @property
    def is_live(self) -> bool:
        return "\nsubscription " in self.query


def examples() -> Iterator[Example]:
    """Those of the page, filled in as the explorer does it."""
    text = (STATIC / "examples.js").read_text(encoding="utf-8")
    facts = {
        "KEY": "binance:BTC-USDT", "BASE": "BTC", "QUOTE": "USDT",
        "FROM": "2024-08-08T00:00:00Z", "TO": "2024-08-08T01:00:00Z",
    }  # fmt: skip
    for query, variables in re.findall(r"query: `(.*?)`,\s+variables: `(.*?)`", text, re.DOTALL):
        filled = re.sub(r'"([A-Z]+)"', lambda name: f'"{facts.get(name[1], name[1])}"', variables)
        yield Example(query, json.loads(filled))


EXAMPLES = list(examples())


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
    assert [example.name for example in EXAMPLES] == [
        "Prices",
        "Candles",
        "Columns",
        "Indicators",
        "Trades",
        "Live",
        "Backfill",
        "Jobs",
        "Watch",
        "Sources",
        "Gaps",
        "BuildBars",
        "Convert",
        "Backtests",
        "Service",
    ]


def test_an_example_needs_no_more_room_than_its_tab_has() -> None:
    assert [line for example in EXAMPLES for line in example.query.splitlines() if len(line) > 60] == []


@pytest.mark.parametrize("example", [one for one in EXAMPLES if not one.is_live], ids=lambda one: one.name)
async def test_every_example_runs(client: httpx.AsyncClient, example: Example) -> None:
    response = await client.post(
        "/graphql",
        json={"query": example.query, "variables": example.variables},
        headers={"authorization": f"Bearer {SECRET}"},
    )
    answer = response.json()
    assert "errors" not in answer
    assert None not in answer["data"].values()


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.is_live], ids=lambda one: one.name)
async def test_every_live_example_tells_of_something(example: Example) -> None:
    async with serving(FakeServices()) as app, connected(app) as socket:
        await socket.begin()
        socket.subscribe("1", example.query, **example.variables)
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


@pytest.mark.parametrize("name", ["start.html", "explorer.html"])
def test_a_page_says_what_it_is_to_those_who_do_not_see_it(name: str) -> None:
    page = (STATIC / name).read_text(encoding="utf-8")
    assert page.count("<h1") == page.count("<main") == 1
    assert '<html lang="en">' in page


def test_the_start_page_knows_what_readiness_says() -> None:
    assert 'state === "ready"' in (STATIC / "start.js").read_text(encoding="utf-8")


def test_the_first_tab_comes_with_its_variables() -> None:
    script = (STATIC / "explorer.js").read_text(encoding="utf-8")
    assert "variables: first.variables" in script
    assert "headers: first.headers" in script

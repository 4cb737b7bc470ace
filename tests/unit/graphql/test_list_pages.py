"""Lists both ways: a walk from page to page meets each row once, whatever is put in between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from candlewick.domain.market import Asset, AssetClass, AssetId
from candlewick.domain.watch import Watched
from candlewick.graphql.app import HttpOptions
from unit.graphql.conftest import client_of
from unit.graphql.fakes import SECRET, FakeInstruments, FakeJobs, FakeServices, a_job

LISTS = {"instruments": "key", "assets": "code", "jobs": "id", "deadLetters": "number", "watched": "key"}
QUERY = """query L($first: Int, $after: String, $last: Int, $before: String) {
  page: %s(first: $first, after: $after, last: $last, before: $before) {
    nodes { %s } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


async def page(services: FakeServices, name: str, **variables: object) -> tuple[list[str], dict[str, Any]]:
    query = QUERY % (name, LISTS[name])
    async with client_of(services, HttpOptions(anonymous=True)) as client:
        answer = await client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {SECRET}"},
        )
    data = answer.json()["data"]["page"]
    info = data["pageInfo"]
    cursors = [edge["cursor"] for edge in data["edges"]]
    assert [info["startCursor"], info["endCursor"]] == ([cursors[0], cursors[-1]] if cursors else [None, None])
    return [node[LISTS[name]] for node in data["nodes"]], info


async def forwards(services: FakeServices, name: str, size: int) -> list[str]:
    rows, info = await page(services, name, first=size)
    while info["hasNextPage"]:
        more, info = await page(services, name, first=size, after=info["endCursor"])
        rows += more
    return rows


async def backwards(services: FakeServices, name: str, size: int) -> list[str]:
    rows, info = await page(services, name, last=size)
    while info["hasPreviousPage"]:
        more, info = await page(services, name, last=size, before=info["startCursor"])
        rows = more + rows
    return rows


@pytest.mark.parametrize("size", [1, 2, 3, 50])
@pytest.mark.parametrize("name", LISTS)
async def test_a_list_read_backwards_is_the_list(name: str, size: int, services: FakeServices) -> None:
    services.jobs = FakeJobs(*(a_job(number) for number in range(1, 6)))
    services.watching.rows = {key: Watched(key) for key in (row.key for row in services.instruments.rows)}
    there = await forwards(services, name, size)
    assert there == await backwards(services, name, size) == (await page(services, name))[0]
    assert len(there) == len(set(there)) > 2


CODES = st.text("ABCDEFGH", min_size=1, max_size=3)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sets(CODES, min_size=1, max_size=9), st.lists(CODES, max_size=9), st.integers(1, 4), st.booleans())
async def test_what_is_put_in_between_loses_and_repeats_nothing(
    services: FakeServices, codes: set[str], later: list[str], size: int, last: bool
) -> None:
    services.instruments = FakeInstruments(sorted(codes))
    assets, seen = services.instruments.asset_rows, list[str]()
    end, arrivals = "last" if last else "first", iter(later)
    cursor: str | None = None
    more = True
    while more:
        asked: dict[str, object] = {end: size, "before" if last else "after": cursor}
        rows, info = await page(services, "assets", **asked)
        seen = rows + seen if last else seen + rows
        more, cursor = (
            (info["hasPreviousPage"], info["startCursor"]) if last else (info["hasNextPage"], info["endCursor"])
        )
        if (code := next(arrivals, None)) and code not in {asset.code for asset in assets}:
            assets.append(Asset(AssetId(1000 + len(assets)), code, AssetClass.CRYPTO))
    assert seen == sorted(set(seen))
    assert {"USDT", *codes} <= set(seen)


async def test_both_ends_at_once_are_refused(ask: Any) -> None:
    answer = await ask("{ instruments(first: 1, last: 1) { nodes { key } } }")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "not both" in answer["errors"][0]["message"]


@pytest.mark.parametrize("argument", ["after", "before"])
async def test_a_cursor_of_another_kind_of_list_is_refused_by_name(
    ask: Any, services: FakeServices, argument: str
) -> None:
    _, info = await page(services, "instruments", first=1)
    answer = await ask(f'{{ assets({argument}: "{info["endCursor"]}") {{ nodes {{ code }} }} }}')
    error = answer["errors"][0]
    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", argument)
    assert "another list than this one of assets" in error["message"]

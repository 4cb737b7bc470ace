"""Candles by a time zone's days and a calendar's sessions: how they are asked for, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from candlewick.domain.hours import ALWAYS, Hours
from unit.graphql.fakes import FakeServices

QUERY = """query C($time: TimeBarInput!, $after: String) {
  instrument(key: "binance:BTC-USDT") {
    candles(spec: {time: $time}, first: 2, after: $after) { pageInfo { endCursor } edges { cursor } }
  }
}"""


async def refusal(ask: Any, **variables: object) -> dict[str, Any]:
    answer = await ask(QUERY, **variables)
    error: dict[str, Any] = answer["errors"][0]
    assert error["extensions"]["code"] == "BAD_USER_INPUT", error
    return error


@pytest.mark.parametrize(
    ("time", "hours"),
    [
        ({"every": "P1D"}, ALWAYS),
        ({"every": "P1D", "timezone": "Asia/Tokyo"}, Hours("Asia/Tokyo")),
        ({"every": "PT5M", "timezone": "Asia/Tokyo"}, ALWAYS),
        ({"every": "PT65M", "timezone": "Asia/Tokyo", "session": "XNYS"}, Hours("UTC", "XNYS")),
        ({"every": "P1D", "timezone": "Asia/Tokyo", "session": "XNYS"}, Hours("Asia/Tokyo", "XNYS")),
    ],
)
async def test_the_store_is_asked_for_these_hours(
    ask: Any, services: FakeServices, time: dict[str, str], hours: Hours
) -> None:
    assert "errors" not in await ask(QUERY, time=time)
    assert services.candles.calls[-1][1][1].hours == hours


async def test_an_unknown_zone_is_told_with_similar_ones(ask: Any) -> None:
    error = await refusal(ask, time={"every": "P1D", "timezone": "Asia/Tokio"})
    assert "Asia/Tokyo" in error["message"]
    assert "Asia/Tokyo" in error["extensions"]["similar"]


async def test_an_unknown_calendar_is_told_with_those_that_are_here(ask: Any) -> None:
    error = await refusal(ask, time={"every": "P1D", "session": "XNOWHERE"})
    assert "XNYS" in error["message"]
    assert "XNYS" in error["extensions"]["known"]


@pytest.mark.parametrize(
    "time",
    [
        {"every": "PT7H", "timezone": "Asia/Tokyo"},
        {"every": "PT36H", "session": "XNYS"},
        {"every": "P1D", "timezone": "\x00"},
        {"every": "P1D", "timezone": ""},
        {"every": "P1D", "timezone": "../../../etc/passwd"},
        {"every": "P1D", "timezone": "A" * 10_000},
        {"every": "P1D", "session": ""},
        {"every": "P1D", "session": "X\x00"},
        {"every": "P1D", "session": "X" * 101},
        {"every": "P1D", "session": "'; DROP TABLE candle_m1; --"},
    ],
)
async def test_what_cannot_be_is_refused(ask: Any, time: dict[str, str]) -> None:
    await refusal(ask, time=time)


async def test_a_cursor_of_other_hours_is_refused(ask: Any) -> None:
    tokyo = {"every": "P1D", "timezone": "Asia/Tokyo"}
    answer = await ask(QUERY, time=tokyo)
    cursor = answer["data"]["instrument"]["candles"]["pageInfo"]["endCursor"]
    assert "errors" not in await ask(QUERY, time=tokyo, after=cursor)
    for other in ({"every": "P1D"}, {"every": "P1D", "timezone": "Asia/Seoul"}, {"every": "P1D", "session": "XNYS"}):
        error = await refusal(ask, time=other, after=cursor)
        assert "another list" in error["message"]

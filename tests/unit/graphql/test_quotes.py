"""Quotes, newest prices and freshness: what is shown, what is asked for, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from candlewick.domain.time import microseconds
from candlewick.graphql.cursor import Series
from candlewick.graphql.scalars import serialize_datetime
from unit.graphql.fakes import START, FakeServices, a_quote

QUOTES = """query Q(
  $range: TimeRange, $source: String, $first: Int, $after: String, $last: Int, $before: String
) {
  instrument(key: "binance:BTC-USDT") {
    quotes(range: $range, source: $source, first: $first, after: $after, last: $last, before: $before) {
      nodes { ts price bid ask marketCap volume24h change24h source { code name } receivedAt }
      edges { cursor }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}"""
LATEST = "{ instruments { nodes { key latest { ts price source { code } } freshness { lag openGaps newestTrade } } } }"


def second(number: int) -> str:
    return serialize_datetime(START + timedelta(seconds=number))


async def read(ask: Any, **variables: object) -> tuple[list[str], dict[str, Any]]:
    answer = await ask(QUOTES, **variables)
    assert "errors" not in answer, answer
    page = answer["data"]["instrument"]["quotes"]
    return [node["ts"] for node in page["nodes"]], page["pageInfo"]


async def test_a_quote_says_what_its_source_says_and_nothing_else(ask: Any, services: FakeServices) -> None:
    services.quotes.rows = [a_quote(0, market_cap="1.42e29", change_24h="-3.5")]
    answer = await ask(QUOTES)
    assert answer["data"]["instrument"]["quotes"]["nodes"] == [
        {
            "ts": second(0), "price": "100.50", "bid": None, "ask": None, "marketCap": "1.42e29", "volume24h": None,
            "change24h": "-3.5", "source": {"code": "binance", "name": "Binance"}, "receivedAt": second(0),
        }
    ]  # fmt: skip


async def test_without_arguments_the_newest_hundred_quotes_come_in_order_of_time(ask: Any) -> None:
    rows, info = await read(ask)
    assert rows == [second(n) for n in range(150, 250)]
    assert (info["hasPreviousPage"], info["hasNextPage"]) == (True, False)


async def test_pages_follow_each_other_without_a_gap(ask: Any) -> None:
    rows, info = await read(ask, first=7)
    assert rows == [second(n) for n in range(7)]
    assert (info["hasPreviousPage"], info["hasNextPage"]) == (False, True)
    rows, info = await read(ask, first=7, after=info["endCursor"])
    assert rows == [second(n) for n in range(7, 14)]
    rows, _ = await read(ask, last=7, before=info["startCursor"])
    assert rows == [second(n) for n in range(7)]


async def test_range_and_source_narrow_the_quotes_down(ask: Any) -> None:
    span = {"from": second(10), "to": second(20)}
    rows, info = await read(ask, range=span, source="other")
    assert rows == [second(n) for n in (11, 13, 15, 17, 19)]
    assert (info["hasPreviousPage"], info["hasNextPage"]) == (False, False)


async def test_cursors_that_cross_have_nothing_between_them(ask: Any, services: FakeServices) -> None:
    _, info = await read(ask, first=7)
    rows, _ = await read(ask, after=info["endCursor"], before=info["startCursor"])
    assert rows == []


async def test_a_forged_cursor_is_refused(ask: Any) -> None:
    forged = Series("quotes", "1").cursor(microseconds(START), "bin\x00ance")
    for cursor in ("AAAA", forged, Series("quotes", "2").cursor(microseconds(START), "binance")):
        answer = await ask(QUOTES, after=cursor)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_newest_prices_and_freshness_of_all_are_asked_for_at_once(ask: Any, services: FakeServices) -> None:
    answer = await ask(LATEST)
    by_key = {node["key"]: node for node in answer["data"]["instruments"]["nodes"]}
    assert by_key["binance:BTC-USDT"]["latest"] == {"ts": second(249), "price": "349.50", "source": {"code": "other"}}
    assert by_key["binance:SOL-USDT"]["latest"] is None
    assert by_key["binance:BTC-USDT"]["freshness"] == {"lag": 10.0, "openGaps": 2, "newestTrade": second(-10)}
    assert by_key["binance:ETH-USDT"]["freshness"] == {"lag": None, "openGaps": 0, "newestTrade": None}
    assert [name for name, _ in services.quotes.calls] == ["latest"]
    assert len(services.freshness.calls) == 1

"""Kraken's past, page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from candlewick.domain.errors import InvalidInput, MalformedPayload, SourceRefused
from candlewick.domain.market import AssetClass
from candlewick.domain.raw import Payload
from candlewick.domain.time import Window, from_microseconds
from candlewick.providers.exact_json import Number
from candlewick.providers.kraken import names
from candlewick.providers.kraken.history import KrakenCandles, KrakenTrades
from candlewick.providers.kraken.rest import objection
from markets import LATER, FrozenClock
from source_doubles import Script, client
from unit.providers.kraken.wire import BTC, CANDLE, ROW, changed, page

START = datetime(2025, 11, 10, 17, 23, 53, 971_744, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(hours=1))
FULL = 1000


def history(script: Callable[[httpx.Request], httpx.Response]) -> KrakenTrades:
    return KrakenTrades(client(script, objection=objection)[0])


def given(count: int, since: int = 0, last: object = "1762795433971744512") -> Payload:
    endpoint = names.marked(f"/0/public/Trades?pair=XBTUSD&since={since}&count=1000", ["BTC/USD"])
    return page([changed(ROW, 6, number) for number in range(count)], endpoint, last)


def read_next(payload: Payload) -> str | None:
    return history(Script([httpx.Response(500)])).read(BTC, payload).next


async def test_a_window_begins_a_moment_before_its_start_without_a_request() -> None:
    script = Script([httpx.Response(500)])

    assert await history(script).start(BTC, WINDOW) == "since:1762795433971644000"
    assert script.requests == []


def test_what_is_missing_is_looked_for_from_the_trade_before_it_on() -> None:
    assert history(Script([httpx.Response(500)])).at(10218208, START) == "since:1762795433971644000"


async def test_a_page_is_asked_for_by_altname_and_nanoseconds() -> None:
    script = Script([httpx.Response(200, json={"error": [], "result": {"XXBTZUSD": [], "last": "5"}})])
    payload = await history(script).page(BTC, "since:1762795433971644001")

    asked = script.requests[0].url
    assert asked.path == "/0/public/Trades"
    assert dict(asked.params) == {"pair": "XBTUSD", "since": "1762795433971644001", "count": "1000"}
    assert names.asked(payload.endpoint) == ["BTC/USD"]


async def test_a_tokenized_share_is_asked_for_as_one() -> None:
    script = Script([httpx.Response(200, json={"error": [], "result": {"AAPLxUSD": [], "last": "5"}})])
    await history(script).page(replace(BTC, symbol="AAPLx/USD", asset_class=AssetClass.EQUITY), "since:1")

    assert dict(script.requests[0].url.params) == {
        "pair": "AAPLxUSD", "asset_class": "tokenized_asset", "since": "1", "count": "1000"
    }  # fmt: skip


@pytest.mark.parametrize("cursor", ["id:5", "since:", "since:-1", "since:1.5", "since:٣", f"since:{'1' * 26}", ""])
async def test_a_cursor_of_another_kind_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="write since:NANOSECONDS"):
        await history(Script([httpx.Response(500)])).page(BTC, cursor)


async def test_an_error_with_status_200_is_an_error() -> None:
    script = Script([httpx.Response(200, json={"error": ["EQuery:Unknown asset pair"], "result": {}})])

    with pytest.raises(SourceRefused, match="Unknown asset pair"):
        await history(script).page(BTC, "since:1")


def test_a_full_page_is_followed_by_one_that_overlaps_it() -> None:
    assert read_next(given(FULL)) == "since:1762795433971644512"


def test_a_page_that_is_not_full_ends_at_the_present() -> None:
    assert read_next(given(FULL - 1)) is None


@pytest.mark.parametrize(("span", "overlap"), [(100_001, 100_000), (100_000, 1), (2, 1), (1, 0)])
def test_a_full_page_of_one_moment_makes_progress(span: int, overlap: int) -> None:
    last = 1_762_795_433_971_744_512

    assert read_next(given(FULL, last - span, str(last))) == f"since:{last - overlap}"


@pytest.mark.parametrize("last", ["1762795433971744512", "5", None, "x"])
def test_a_full_page_that_ends_where_it_began_is_malformed(last: object) -> None:
    with pytest.raises(MalformedPayload, match="where it began"):
        read_next(given(FULL, 1_762_795_433_971_744_512, last))


async def test_trades_of_one_nanosecond_are_never_torn_apart() -> None:
    """A venue that leaves out what happened at `since`, and whose trades come three to a nanosecond."""
    trades = [(1_762_795_433_971_744_512 + 400 * (number // 3), number) for number in range(3200)]

    def venue(request: httpx.Request) -> httpx.Response:
        since = int(request.url.params["since"])
        rows = [each for each in trades if each[0] > since][:FULL]
        found = [changed(changed(ROW, 6, number), 2, Number(f"{ns / 10**9:.7f}")) for ns, number in rows]
        return httpx.Response(200, content=page(found, last=str(rows[-1][0] if rows else since)).body)

    source, seen, cursor = history(venue), set[int](), await history(venue).start(BTC, WINDOW)
    for _ in range(10):
        if cursor is None:
            break
        fetched = source.read(BTC, await source.page(BTC, cursor))
        seen |= set(fetched.rows.trades.sequence.tolist())
        cursor = fetched.next

    assert (cursor, seen) == (None, set(range(3200)))


def candles(script: Callable[[httpx.Request], httpx.Response], now: datetime = START) -> KrakenCandles:
    return KrakenCandles(client(script, objection=objection)[0], FrozenClock(now))


async def test_candles_of_the_window_are_asked_for() -> None:
    script = Script([httpx.Response(200, json={"error": [], "result": {"XXBTZUSD": [], "last": 5}})])
    start = datetime(2025, 11, 10, 17, 20, tzinfo=UTC)
    payload = await candles(script).page(BTC, Window(start, START))

    assert dict(script.requests[0].url.params) == {"pair": "XBTUSD", "interval": "1", "since": "1762795199"}
    assert names.asked(payload.endpoint) == ["BTC/USD"]


async def test_the_oldest_minute_that_kraken_has_is_asked_for() -> None:
    script = Script([httpx.Response(200, json={"error": [], "result": {"XXBTZUSD": [], "last": 5}})])
    oldest = datetime(2025, 11, 10, 5, 23, tzinfo=UTC)

    await candles(script).page(BTC, Window(oldest, START))
    assert len(script.requests) == 1


async def test_candles_older_than_kraken_keeps_are_refused_with_what_to_do() -> None:
    script = Script([httpx.Response(500)])
    old = datetime(2025, 11, 10, 5, 22, tzinfo=UTC)

    with pytest.raises(SourceRefused, match=r"from 2025-11-10T05:23Z on, and none of 2025-11-10T05:22Z\. Backfill tr"):
        await candles(script).page(BTC, Window(old, START))
    assert script.requests == []


def test_candles_are_read() -> None:
    rows: Any = page([CANDLE], "/0/public/OHLC?pair=XBTUSD&interval=1", 1_762_820_160)
    fetched = candles(Script([httpx.Response(500)])).read(BTC, rows)

    assert [each.open_time for each in fetched.rows.candles] == [from_microseconds(CANDLE[0] * 1_000_000)]
    assert (fetched.next, rows.received_at) == (None, LATER)

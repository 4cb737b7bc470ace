"""Coinbase's past: where a window begins, pages of ids without a hole, candles over silence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from candlewick.domain.batch import TradeBatch
from candlewick.domain.errors import InvalidInput, MalformedPayload
from candlewick.domain.time import Window
from candlewick.providers.coinbase.history import CoinbaseCandles, CoinbaseTrades
from coinbase_simulated import BTC, Asked, asking, instrument, load_market, small_market
from markets import FrozenClock
from simulated import DAY, NOW
from source_doubles import client
from unit.providers.coinbase.wire import ROW, answer

MARKET = small_market()
HOUR = timedelta(hours=1)


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    async with asking(MARKET, FrozenClock(NOW)) as found:
        yield found


def window(start: datetime, span: timedelta = HOUR) -> Window:
    return Window(start, start + span)


async def all_pages(history: CoinbaseTrades, cursor: str | None) -> tuple[TradeBatch, int]:
    """What there is from there on, and on how many pages."""
    batches, count = [TradeBatch.of([])], 0
    while cursor is not None:
        fetched = history.read(instrument(), await history.page(instrument(), cursor))
        batches.append(fetched.rows.trades)
        cursor, count = fetched.next, count + 1
    return TradeBatch.concat(batches), count


@pytest.mark.parametrize("days", [0, 0.01, 1, 30, 400, 5_000])
async def test_a_window_begins_with_its_first_trade_however_long_ago(asked: Asked, days: float) -> None:
    begin = NOW - timedelta(days=days, minutes=3)

    cursor = await CoinbaseTrades(asked.http).start(instrument(), window(begin))
    assert cursor == f"id:{MARKET.sequence_at(BTC, begin)}"
    assert asked.count <= 16


async def test_a_window_before_the_first_trade_begins_with_it(asked: Asked) -> None:
    begin = datetime.fromisoformat("2008-12-31T23:00:00+00:00")

    assert await CoinbaseTrades(asked.http).start(instrument(), window(begin, timedelta(days=2))) == "id:1"


async def test_a_window_in_which_nothing_was_traded_has_no_beginning(asked: Asked) -> None:
    history = CoinbaseTrades(asked.http)
    last = MARKET.from_sequence(BTC, MARKET.sequence_at(BTC, NOW) - 1, 1).trades()[0]
    silent = MARKET.from_sequence(BTC, MARKET.sequence_at(BTC, DAY), 2).trades()[0]

    assert await history.start(instrument(), window(last.ts + timedelta(microseconds=1))) is None
    before = window(silent.ts - timedelta(microseconds=2), timedelta(microseconds=1))
    assert await history.start(instrument(), before) is None


async def test_a_product_without_trades_has_no_beginning() -> None:
    http, *_ = client(lambda _: httpx.Response(200, json=[]))

    assert await CoinbaseTrades(http).start(instrument(), window(DAY)) is None


async def test_pages_hold_every_trade_up_to_now_once(asked: Asked) -> None:
    history = CoinbaseTrades(asked.http)
    first = MARKET.sequence_at(BTC, DAY)

    found, pages = await all_pages(history, history.at(first, DAY))
    assert found.sequence.tolist() == list(range(first, MARKET.sequence_at(BTC, NOW)))
    assert pages == len(found) // 1000 + 1
    assert found.trades() == MARKET.from_sequence(BTC, first, len(found)).trades()


async def test_the_last_page_leaves_out_the_older_trades_that_fill_it_up(asked: Asked) -> None:
    history = CoinbaseTrades(asked.http)
    first = MARKET.sequence_at(BTC, NOW) - 7

    payload = await history.page(instrument(), history.at(first, DAY))
    assert len(orjson.loads(payload.body)) == 1000
    assert history.read(instrument(), payload).rows.trades.sequence.tolist() == list(range(first, first + 7))


async def test_beyond_the_newest_trade_there_is_nothing_yet(asked: Asked) -> None:
    history = CoinbaseTrades(asked.http)

    found, pages = await all_pages(history, history.at(MARKET.sequence_at(BTC, NOW), NOW))
    assert (len(found), pages) == (0, 1)


@pytest.mark.parametrize(
    ("start", "count"),
    [(10, 5), (995, 10), (999, 1), (0, 1000), (1000, 1000), (500, 3000), (0, 4000)],
    ids=["inside", "over an end", "at an end", "a page", "the next page", "over pages", "four pages"],
)
async def test_trades_that_are_nowhere_end_no_history(asked: Asked, start: int, count: int) -> None:
    history, first = CoinbaseTrades(asked.http), MARKET.sequence_at(BTC, DAY)
    order = {"fault": "gone", "path": "btc-usd", "first": first + start, "count": count}
    assert (await asked.admin.post("/simulator/faults", json=order)).status_code == 201

    found, _ = await all_pages(history, history.at(first, DAY))
    gone = range(first + start, first + start + count)
    assert found.sequence.tolist() == [
        number for number in range(first, MARKET.sequence_at(BTC, NOW)) if number not in gone
    ]


def page_of(*rows: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(200, json=list(rows))


@pytest.mark.parametrize("cursor", ["", "id:", "id:x", "id:-1", "7", "id:" + "9" * 19, "id:٣"])
async def test_a_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    http, *_ = client(page_of())

    with pytest.raises(InvalidInput, match="write id:NUMBER"):
        await CoinbaseTrades(http).page(instrument(), cursor)


async def test_a_page_of_nothing_that_is_a_trade_is_no_place_to_begin() -> None:
    http, *_ = client(page_of({"trade_id": 5, "price": "0"}))

    with pytest.raises(MalformedPayload, match="none of 1 rows is a trade"):
        await CoinbaseTrades(http).start(instrument(), window(DAY))


async def test_a_payload_that_does_not_say_what_was_asked_is_no_page() -> None:
    http, *_ = client(page_of())

    with pytest.raises(MalformedPayload, match="does not say which trades"):
        CoinbaseTrades(http).read(instrument(), answer([ROW], "/products/BTC-USD/trades"))


async def test_a_damaged_row_is_rejected_wherever_it_stands() -> None:
    http, *_ = client(page_of())
    rows = [ROW | {"trade_id": 999, "price": "0"}, {"side": "buy"}, ROW | {"trade_id": -3}, ROW | {"trade_id": 10}]

    fetched = CoinbaseTrades(http).read(instrument(), answer(rows, "/products/BTC-USD/trades?limit=500&after=1000"))
    assert (len(fetched.rows.trades), len(fetched.rows.rejected)) == (0, 2)
    assert fetched.next == "id:1000"


async def test_a_name_is_escaped_in_a_path_and_products_share_a_circuit() -> None:
    paths = []

    def notes(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path.decode())
        return httpx.Response(200, json=[])

    http, *_ = client(notes)
    for base in ("A/B", "币"):
        await CoinbaseTrades(http).start(instrument(base), window(DAY))

    assert paths == ["/products/A%2FB-USD/trades?limit=1000", "/products/%E5%B8%81-USD/trades?limit=1000"]
    assert [each.endpoint for each in http.circuits()] == ["/products/…/trades"]


async def candle_pages(asked: Asked, asked_for: Window) -> list[datetime]:
    """When the candles open that a job would store."""
    history, start, opened = CoinbaseCandles(asked.http), asked_for.start, list[datetime]()
    while start < asked_for.end:
        payload = await history.page(instrument(), Window(start, asked_for.end))
        found = [
            candle.open_time
            for candle in history.read(instrument(), payload).rows.candles
            if start <= candle.open_time < asked_for.end
        ]
        if not found:
            break
        opened += found
        start = max(found) + timedelta(minutes=1)
    return opened


def minutes_with_trades(asked_for: Window) -> list[datetime]:
    batch = MARKET.trades(BTC, asked_for)
    return sorted({trade.ts.replace(second=0, microsecond=0) for trade in batch.trades()})


async def test_candles_of_a_day_are_those_of_its_trades(asked: Asked) -> None:
    day = Window(DAY, DAY + timedelta(days=1))

    assert await candle_pages(asked, day) == minutes_with_trades(day)


async def test_candles_stop_before_the_minute_that_runs(asked: Asked) -> None:
    today = Window(NOW.replace(hour=10, minute=0, second=0, microsecond=0), NOW + timedelta(hours=3))

    assert await candle_pages(asked, today) == [
        minute for minute in minutes_with_trades(Window(today.start, NOW)) if minute + timedelta(seconds=65) <= NOW
    ]


class Sparse:
    """Answers about candles at these minutes only, and counts how it was asked."""

    def __init__(self, opened: Sequence[datetime]) -> None:
        self.stamps = [int(each.timestamp()) for each in opened]
        self.asked: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        given = {name: int(value) for name, value in request.url.params.items()}
        width, start, end = given["granularity"], given["start"], given["end"]
        self.asked.append(width)
        if (end - start) // width >= 300:
            return httpx.Response(400, json={"message": "Count of aggregations requested exceeds 300"})
        opened = sorted({stamp - stamp % width for stamp in self.stamps}, reverse=True)
        rows = [[each, 1, 2, 1, 2, 0.5] for each in opened if start - width <= each <= end]
        return httpx.Response(200, json=rows)


async def sparse_candles(venue: Sparse, asked_for: Window) -> list[datetime]:
    http, *_ = client(venue)
    history, start, opened = CoinbaseCandles(http), asked_for.start, list[datetime]()
    while start < asked_for.end:
        payload = await history.page(instrument(), Window(start, asked_for.end))
        assert payload.endpoint.startswith("/products/BTC-USD/candles?granularity=60&")
        found = [each.open_time for each in history.read(instrument(), payload).rows.candles if each.open_time >= start]
        if not found:
            break
        opened += found
        start = max(found) + timedelta(minutes=1)
    return opened


@pytest.mark.parametrize("days", [0.1, 0.3, 1, 2.5, 40, 700])
async def test_silence_is_passed_over_whatever_its_length(days: float) -> None:
    first = DAY - timedelta(days=1_500)
    second = first + timedelta(days=days) - timedelta(seconds=days * 86_400 % 60)
    venue = Sparse([first, second])

    found = await sparse_candles(venue, Window(first, DAY - timedelta(days=1)))
    assert found == [first, second]
    assert len(venue.asked) < 40


async def test_years_before_a_product_was_listed_cost_few_requests() -> None:
    venue = Sparse([DAY])

    assert await sparse_candles(venue, Window(DAY - timedelta(days=3_000), DAY + HOUR)) == [DAY]
    assert len(venue.asked) < 30


async def test_trades_of_the_same_day_and_hour_before_the_silence_hide_none_after_it() -> None:
    day = DAY.replace(hour=0, minute=5)
    opened = [day, day + timedelta(minutes=301), day + timedelta(hours=23)]

    assert await sparse_candles(Sparse(opened), Window(day, DAY + timedelta(days=3))) == opened


async def test_a_candle_before_the_window_is_not_taken_for_one_of_it() -> None:
    """Coinbase may answer with candles from before the start."""
    venue = Sparse([DAY - timedelta(minutes=1), DAY + timedelta(hours=7)])

    assert await sparse_candles(venue, Window(DAY, DAY + timedelta(hours=9))) == [DAY + timedelta(hours=7)]


async def test_no_more_than_three_hundred_candles_are_asked_for(asked: Asked) -> None:
    await CoinbaseCandles(asked.http).page(instrument(), Window(DAY, DAY + timedelta(days=1)))

    start = int(DAY.timestamp())
    assert asked.urls == [f"/products/BTC-USD/candles?granularity=60&start={start}&end={start + 299 * 60}"]


async def test_a_busy_market_s_pages_follow_it(asked: Asked) -> None:
    """Trades come while pages are fetched: the last page is whatever reaches the present."""
    market, clock = load_market(rate=500), FrozenClock(NOW)
    async with asking(market, clock) as busy:
        history = CoinbaseTrades(busy.http)
        first = market.sequence_at(BTC, NOW - timedelta(seconds=20))
        cursor: str | None = history.at(first, NOW)
        numbers: list[int] = []
        while cursor is not None:
            clock.moment += timedelta(milliseconds=300)
            fetched = history.read(instrument(), await history.page(instrument(), cursor))
            numbers += fetched.rows.trades.sequence.tolist()
            cursor = fetched.next

    assert numbers == list(range(first, first + len(numbers)))
    assert len(numbers) > 10_000

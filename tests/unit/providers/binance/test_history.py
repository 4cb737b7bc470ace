"""Binance's past, page by page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest

from candlewick.domain.errors import InvalidInput, MalformedPayload
from candlewick.domain.market import Tape
from candlewick.domain.raw import Payload
from candlewick.domain.time import Window
from candlewick.providers.binance.history import BinanceCandles, BinanceTrades
from markets import LATER
from source_doubles import Script, client, instrument

WINDOW = Window(datetime(2024, 8, 8, 10, tzinfo=UTC), datetime(2024, 8, 8, 11, tzinfo=UTC))
START_MS = 1_723_111_200_000
TRADES, AGGREGATED = instrument(), instrument(tape=Tape.AGGREGATED)


def aggregate(number: int, first: int, ms: int = START_MS) -> dict[str, Any]:
    return {"a": number, "p": "1", "q": "1", "f": first, "l": first, "T": ms, "m": True, "M": True}


def trade(number: int) -> dict[str, Any]:
    return {"id": number, "price": "1", "qty": "1", "quoteQty": "1", "time": START_MS, "isBuyerMaker": True}


def page(rows: object, query: str = "symbol=BTCUSDT&fromId=5&limit=1000") -> Payload:
    return Payload("binance", f"/api/v3/historicalTrades?{query}", orjson.dumps(rows), LATER)


@pytest.mark.parametrize(("who", "cursor"), [(TRADES, "id:90"), (AGGREGATED, "id:5")])
async def test_the_start_of_a_window_is_found_with_one_request(who: Any, cursor: str) -> None:
    script = Script([httpx.Response(200, json=[aggregate(5, 90), aggregate(6, 91)])])
    http, budget, _ = client(script)

    assert await BinanceTrades(http).start(who, WINDOW) == cursor
    asked = dict(script.requests[0].url.params)
    assert asked == {"symbol": "BTCUSDT", "startTime": str(START_MS), "limit": "100"}
    assert (len(script.requests), budget.spent) == (1, [4])


async def test_markers_of_nothing_are_no_start() -> None:
    http, _, _ = client(Script([httpx.Response(200, json=[aggregate(5, -1), aggregate(6, 91)])]))

    assert await BinanceTrades(http).start(TRADES, WINDOW) == "id:91"


@pytest.mark.parametrize("rows", [[], [aggregate(5, 90, START_MS + 3_600_000)]], ids=["nothing", "after the window"])
async def test_a_window_without_trades_has_no_start(rows: object) -> None:
    http, _, _ = client(Script([httpx.Response(200, json=rows)]))

    assert await BinanceTrades(http).start(TRADES, WINDOW) is None


async def test_a_start_without_any_real_aggregate_is_malformed() -> None:
    http, _, _ = client(Script([httpx.Response(200, json=[aggregate(5, -1)])]))

    with pytest.raises(MalformedPayload, match="marks a trade that never happened"):
        await BinanceTrades(http).start(TRADES, WINDOW)


@pytest.mark.parametrize(
    ("who", "path", "weight"), [(TRADES, "/api/v3/historicalTrades", 25), (AGGREGATED, "/api/v3/aggTrades", 4)]
)
async def test_a_page_is_asked_for_by_id(who: Any, path: str, weight: int) -> None:
    script = Script([httpx.Response(200, json=[])])
    http, budget, _ = client(script)
    history = BinanceTrades(http)

    await history.page(who, history.at(42, WINDOW.start))

    assert script.requests[0].url.path == path
    assert dict(script.requests[0].url.params) == {"symbol": "BTCUSDT", "fromId": "42", "limit": "1000"}
    assert budget.spent == [weight]


@pytest.mark.parametrize("cursor", ["", "42", "id:", "id:-1", "id:1e3", "id:" + "9" * 30])
async def test_a_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    http, _, _ = client(Script([httpx.Response(200, json=[])]))

    with pytest.raises(InvalidInput, match="write id:NUMBER"):
        await BinanceTrades(http).page(TRADES, cursor)


def test_after_a_full_page_the_next_one_begins() -> None:
    history = BinanceTrades(client(Script([]))[0])

    fetched = history.read(TRADES, page([trade(number) for number in range(5, 1005)]))

    assert (len(fetched.rows.trades), fetched.next) == (1000, "id:1005")


def test_a_page_that_is_not_full_is_the_last() -> None:
    history = BinanceTrades(client(Script([]))[0])

    assert history.read(TRADES, page([trade(5)])).next is None


def test_a_bad_last_row_does_not_stop_the_paging() -> None:
    history = BinanceTrades(client(Script([]))[0])
    rows = [*(trade(number) for number in range(5, 1004)), trade(1004) | {"price": "0"}]

    assert history.read(TRADES, page(rows)).next == "id:1005"


@pytest.mark.parametrize("rows", [[trade(number) for number in range(1000)], [None] * 1000], ids=["older", "none"])
def test_a_page_that_does_not_go_on_is_malformed(rows: object) -> None:
    history = BinanceTrades(client(Script([]))[0])

    with pytest.raises(MalformedPayload, match="holds no id from 5000 on"):
        history.read(TRADES, page(rows, "symbol=BTCUSDT&fromId=5000&limit=1000"))


async def test_candles_are_asked_for_up_to_the_end_of_the_window_without_it() -> None:
    script = Script([httpx.Response(200, json=[])])
    http, budget, _ = client(script)

    await BinanceCandles(http).page(TRADES, WINDOW)

    assert dict(script.requests[0].url.params) == {
        "symbol": "BTCUSDT",
        "interval": "1m",
        "startTime": str(START_MS),
        "endTime": str(START_MS + 3_599_999),
        "limit": "1000",
    }
    assert budget.spent == [2]


def test_candles_have_no_cursor() -> None:
    fetched = BinanceCandles(client(Script([]))[0]).read(TRADES, page([]))

    assert (list(fetched.rows.candles), fetched.next) == ([], None)

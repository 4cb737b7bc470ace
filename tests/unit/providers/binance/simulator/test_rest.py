"""The simulated REST: rows by number and by time, order, bounds, units, and what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window, from_microseconds, microseconds
from markets import FrozenClock
from simulated import DAY, NOW, asking, small_market

KEY = InstrumentKey("binance", "BTC", "USDT")
MARKET = small_market()
TRUTH = MARKET.trades(KEY, Window(DAY, NOW + timedelta(microseconds=1)))
FIRST, LAST = int(TRUTH.sequence[0]), int(TRUTH.sequence[-1])


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with asking(MARKET, FrozenClock(NOW)) as asked:
        yield asked


async def rows(client: httpx.AsyncClient, path: str, **parameters: Any) -> list[Any]:
    response = await client.get(f"/api/v3/{path}", params={"symbol": "BTCUSDT", **parameters})
    assert response.status_code == 200, response.text
    found: list[Any] = response.json()
    return found


async def test_paging_by_id_gives_every_trade_exactly_once(client: httpx.AsyncClient) -> None:
    seen: list[int] = []
    while page := await rows(client, "historicalTrades", fromId=(seen[-1] + 1 if seen else FIRST), limit=1000):
        seen += [row["id"] for row in page]

    assert seen == TRUTH.sequence.tolist()


async def test_paging_aggregated_trades_gives_the_same_ones(client: httpx.AsyncClient) -> None:
    seen: list[int] = []
    while page := await rows(client, "aggTrades", fromId=(seen[-1] + 1 if seen else FIRST), limit=1000):
        seen += [row["a"] for row in page]

    assert seen == TRUTH.sequence.tolist()


async def test_rows_are_the_markets_trades(client: httpx.AsyncClient) -> None:
    page = await rows(client, "historicalTrades", fromId=FIRST, limit=3)

    truth = TRUTH[slice(0, 3)].trades()
    assert [(row["id"], row["price"], row["qty"], row["isBuyerMaker"]) for row in page] == [
        (trade.sequence, f"{trade.price:.8f}", f"{trade.size:.8f}", trade.side == "SELL") for trade in truth
    ]
    assert [row["quoteQty"] for row in page] == [f"{trade.price * trade.size:.8f}" for trade in truth]


async def test_without_bounds_the_newest_come_in_ascending_order(client: httpx.AsyncClient) -> None:
    for path, name in (("trades", "id"), ("historicalTrades", "id"), ("aggTrades", "a")):
        page = await rows(client, path, limit=5)
        assert [row[name] for row in page] == list(range(LAST - 4, LAST + 1)), path


@pytest.mark.parametrize(("asked", "given"), [({}, 500), ({"limit": 7}, 7), ({"limit": 5000}, 1000)])
async def test_a_page_has_so_many_rows(client: httpx.AsyncClient, asked: dict[str, int], given: int) -> None:
    assert len(await rows(client, "aggTrades", fromId=FIRST, **asked)) == given


async def test_start_and_end_are_inclusive_to_the_millisecond(client: httpx.AsyncClient) -> None:
    start, end = int(TRUTH.ts[100]) // 1000, int(TRUTH.ts[200]) // 1000

    page = await rows(client, "aggTrades", startTime=start, endTime=end, limit=1000)

    within = (TRUTH.ts // 1000 >= start) & (TRUTH.ts // 1000 <= end)
    assert [row["a"] for row in page] == TRUTH.sequence[within].tolist()


async def test_start_and_end_in_microseconds_are_inclusive_to_the_microsecond(client: httpx.AsyncClient) -> None:
    page = await rows(client, "aggTrades", startTime=int(TRUTH.ts[100]), endTime=int(TRUTH.ts[200]))

    within = (TRUTH.ts >= TRUTH.ts[100]) & (TRUTH.ts <= TRUTH.ts[200])
    assert [row["a"] for row in page] == TRUTH.sequence[within].tolist()


async def test_an_end_alone_gives_the_newest_before_it(client: httpx.AsyncClient) -> None:
    page = await rows(client, "aggTrades", endTime=int(TRUTH.ts[200]), limit=10)

    end = int(TRUTH.sequence[TRUTH.ts <= TRUTH.ts[200]][-1])
    assert [row["a"] for row in page] == list(range(end - 9, end + 1))


async def test_nothing_of_the_future_is_told(client: httpx.AsyncClient) -> None:
    assert await rows(client, "historicalTrades", fromId=LAST + 1) == []
    assert await rows(client, "aggTrades", startTime=microseconds(NOW) + 1) == []


async def test_times_come_in_the_unit_that_is_asked_for(client: httpx.AsyncClient) -> None:
    response = await client.get(
        "/api/v3/aggTrades", params={"symbol": "BTCUSDT", "limit": 1}, headers={"X-MBX-TIME-UNIT": "MICROSECOND"}
    )

    assert response.json()[0]["T"] == TRUTH.ts[-1]
    assert (await rows(client, "aggTrades", limit=1))[0]["T"] == TRUTH.ts[-1] // 1000


async def test_a_symbol_that_trades_no_more_keeps_its_past(client: httpx.AsyncClient) -> None:
    page = await rows(client, "trades", symbol="OLDUSDT", limit=1)

    assert from_microseconds(page[0]["time"] * 1000).year == 2023


async def test_the_clock_is_the_servers(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v3/time")).json() == {"serverTime": microseconds(NOW) // 1000}
    assert (await client.get("/api/v3/ping")).json() == {}


async def test_symbols_are_listed_with_their_assets_and_status(client: httpx.AsyncClient) -> None:
    symbols = (await client.get("/api/v3/exchangeInfo")).json()["symbols"]

    shown = [(each["symbol"], each["baseAsset"], each["quoteAsset"], each["status"]) for each in symbols]
    assert shown == [("BTCUSDT", "BTC", "USDT", "TRADING"), ("OLDUSDT", "OLD", "USDT", "BREAK")]
    assert symbols[0]["filters"][0]["tickSize"] == "0.01000000"
    assert symbols[0]["filters"][1]["stepSize"] == "0.00001000"


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"symbol": "OLDUSDT"}, ["OLDUSDT"]),
        ({"symbols": '["OLDUSDT","BTCUSDT"]'}, ["OLDUSDT", "BTCUSDT"]),
        ({"symbolStatus": "TRADING"}, ["BTCUSDT"]),
        ({"symbolStatus": "HALT"}, []),
    ],
)
async def test_symbols_can_be_chosen(client: httpx.AsyncClient, parameters: dict[str, str], names: list[str]) -> None:
    answer = await client.get("/api/v3/exchangeInfo", params=parameters)

    assert [each["symbol"] for each in answer.json()["symbols"]] == names


@pytest.mark.parametrize(
    ("path", "query", "code", "message"),
    [
        ("trades", "", -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
        ("trades", "symbol=NOPE", -1121, "Invalid symbol."),
        ("trades", "symbol=btcusdt", -1100, "Illegal characters found in parameter 'symbol'"),
        ("trades", "symbol=", -1105, "Parameter 'symbol' was empty."),
        ("trades", "symbol=BTCUSDT&limit=x", -1100, "Illegal characters found in parameter 'limit'"),
        ("trades", "symbol=BTCUSDT&limit=-1", -1100, "Illegal characters found in parameter 'limit'"),
        ("trades", "symbol=BTCUSDT&limit=0", -1130, "Data sent for parameter 'limit' is not valid."),
        ("trades", "symbol=BTCUSDT&fromId=1", -1104, "read '1' parameter(s) but was sent '2'"),
        ("trades", "symbol=BTCUSDT&symbol=BTCUSDT", -1101, "Duplicate values for parameter 'symbol' detected."),
        ("aggTrades", "symbol=BTCUSDT&fromId=1&startTime=1", -1128, "Combination of optional parameters invalid."),
        ("klines", "symbol=BTCUSDT", -1102, "Mandatory parameter 'interval'"),
        ("klines", "symbol=BTCUSDT&interval=1M", -1120, "Invalid interval."),
        ("klines", "symbol=BTCUSDT&interval=1m&timeZone=8", -1130, "Data sent for parameter 'timeZone'"),
        ("exchangeInfo", "symbols=BTCUSDT", -1130, "Data sent for parameter 'symbols'"),
        ("exchangeInfo", 'symbols=["BTCUSDT"]&symbol=BTCUSDT', -1128, "Combination of optional parameters"),
        ("exchangeInfo", "symbolStatus=ON", -1122, "Invalid symbolStatus."),
    ],
)
async def test_bad_parameters_are_refused_in_binances_words(
    client: httpx.AsyncClient, path: str, query: str, code: int, message: str
) -> None:
    response = await client.get(f"/api/v3/{path}?{query}")

    assert response.status_code == 400
    assert response.json()["code"] == code
    assert message in response.json()["msg"]


async def test_an_unknown_unit_of_time_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v3/ping", headers={"X-MBX-TIME-UNIT": "NANOSECOND"})

    assert response.json()["code"] == -1130


async def test_an_unknown_path_is_404_and_a_page_only_for_who_wants_one(client: httpx.AsyncClient) -> None:
    plain = await client.get("/api/v3/nothing", headers={"Accept": "application/json"})
    page = await client.get("/api/v3/nothing", headers={"Accept": "text/html"})

    assert (plain.status_code, plain.content, page.status_code) == (404, b"", 404)
    assert page.text.startswith("<html>")


async def test_tickers_are_of_the_last_day(client: httpx.AsyncClient) -> None:
    day = TRUTH[TRUTH.ts >= microseconds(NOW - timedelta(days=1))].trades()

    [row] = (await client.get("/api/v3/ticker/24hr", params={"symbols": '["BTCUSDT"]'})).json()
    one = (await client.get("/api/v3/ticker/24hr", params={"symbol": "BTCUSDT"})).json()

    assert row == one
    assert (row["lastPrice"], row["openPrice"]) == (f"{day[-1].price:.8f}", f"{day[0].price:.8f}")
    assert row["quoteVolume"] == f"{sum(trade.price * trade.size for trade in day):.8f}"
    assert (row["firstId"], row["lastId"], row["count"]) == (day[0].sequence, day[-1].sequence, len(day))
    assert row["closeTime"] == microseconds(NOW) // 1000


async def test_without_a_symbol_the_tickers_of_all_come_and_an_unknown_one_is_refused(
    client: httpx.AsyncClient,
) -> None:
    everything = (await client.get("/api/v3/ticker/24hr")).json()
    unknown = await client.get("/api/v3/ticker/24hr", params={"symbols": '["BTCUSDT","NOPE"]'})

    assert {row["symbol"] for row in everything} == {"BTCUSDT", "OLDUSDT"}
    assert (unknown.status_code, unknown.json()["code"]) == (400, -1121)


async def test_book_tickers_lie_beside_the_last_price(client: httpx.AsyncClient) -> None:
    last = TRUTH[slice(len(TRUTH) - 1, len(TRUTH))].trades()[0].price

    [row] = (await client.get("/api/v3/ticker/bookTicker", params={"symbols": '["BTCUSDT"]'})).json()
    one = (await client.get("/api/v3/ticker/bookTicker", params={"symbol": "BTCUSDT"})).json()
    everything = (await client.get("/api/v3/ticker/bookTicker")).json()
    both = await client.get("/api/v3/ticker/bookTicker", params={"symbol": "BTCUSDT", "symbols": '["BTCUSDT"]'})

    assert row == one
    assert Decimal(row["bidPrice"]) < last < Decimal(row["askPrice"])
    assert {each["symbol"] for each in everything} == {"BTCUSDT", "OLDUSDT"}
    assert both.status_code == 400

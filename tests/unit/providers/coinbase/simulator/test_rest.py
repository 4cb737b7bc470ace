"""The simulated REST interface: Coinbase's shapes, headers, bounds and words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import orjson
import pytest

from candlewick.domain.interval import Interval
from candlewick.domain.time import Window, from_microseconds
from candlewick.providers.coinbase.simulator import SimulatorOptions
from candlewick.providers.simulation.faults import Fault
from coinbase_simulated import BTC, asking, small_market
from markets import FrozenClock, expected_candles
from recordings import recording
from simulated import DAY, NOW
from unit.providers.coinbase.wire import recorded_body, texts

MARKET = small_market()
NEWEST = MARKET.sequence_at(BTC, NOW) - 1
PRODUCT = "/products/BTC-USD"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with asking(MARKET, FrozenClock(NOW)) as asked:
        yield asked.admin


async def test_trades_come_newest_first_with_the_ends_of_the_page(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{PRODUCT}/trades?limit=3")

    assert [row["trade_id"] for row in response.json()] == [NEWEST, NEWEST - 1, NEWEST - 2]
    assert (response.headers["CB-BEFORE"], response.headers["CB-AFTER"]) == (str(NEWEST), str(NEWEST - 2))


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("after=1001", 1, 1000),
        ("after=1001&limit=5", 996, 1000),
        ("after=6&limit=1000", 1, 5),
        ("after=999999999999&limit=2", NEWEST - 1, NEWEST),
        (f"before={NEWEST - 3}", NEWEST - 2, NEWEST),
        ("limit=5000", NEWEST - 999, NEWEST),
        ("", NEWEST - 999, NEWEST),
    ],
)
async def test_after_asks_for_older_and_before_for_newer(
    client: httpx.AsyncClient, query: str, first: int, last: int
) -> None:
    rows = (await client.get(f"{PRODUCT}/trades?{query}")).json()

    assert [row["trade_id"] for row in rows] == list(range(last, first - 1, -1))


async def test_a_page_of_nothing_has_no_ends(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{PRODUCT}/trades?after=1")

    assert response.json() == []
    assert not {"cb-before", "cb-after"} & set(response.headers)


async def test_a_trade_is_the_market_s_with_the_maker_s_side(client: httpx.AsyncClient) -> None:
    [row] = (await client.get(f"{PRODUCT}/trades?limit=1")).json()
    trade = MARKET.from_sequence(BTC, NEWEST, 1).trades()[0]

    assert row == {
        "time": trade.ts.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "trade_id": NEWEST,
        "price": f"{trade.price:.8f}",
        "size": f"{trade.size:.8f}",
        "side": {"BUY": "sell", "SELL": "buy"}[trade.side],
    }


async def candles(client: httpx.AsyncClient, **parameters: Any) -> list[list[Any]]:
    response = await client.get(f"{PRODUCT}/candles", params=parameters)
    assert response.status_code == 200, response.text
    rows: list[list[Any]] = texts(response.content)
    return rows


async def test_candles_are_sums_of_the_trades_silent_ones_left_out_newest_first(client: httpx.AsyncClient) -> None:
    start, end = DAY, DAY + timedelta(minutes=299)
    rows = await candles(client, granularity=60, start=start.isoformat(), end=end.isoformat())
    expected = expected_candles(
        MARKET.trades(BTC, Window(start, end + timedelta(minutes=1))).trades(), Interval.M1.duration
    )

    within = [row for row in rows if int(row[0]) >= start.timestamp()]
    assert [int(row[0]) for row in within] == sorted((int(row[0]) for row in within), reverse=True)
    assert {
        from_microseconds(int(row[0]) * 1_000_000): tuple(map(Decimal, (row[3], row[2], row[1], row[4], row[5])))
        for row in within
    } == {each.open_time: (each.open, each.high, each.low, each.close, each.volume) for each in expected}
    assert 0 < len(within) < 300


async def test_candles_may_come_from_before_the_start(client: httpx.AsyncClient) -> None:
    start = DAY + timedelta(hours=12)
    rows = await candles(client, granularity=3_600, start=int(start.timestamp()), end=int(start.timestamp()) + 3_600)

    assert [int(row[0]) - int(start.timestamp()) for row in rows] == [3_600, 0, -3_600]


@pytest.mark.parametrize("parameters", [{}, {"granularity": 60}, {"granularity": 60, "start": "2025-03-04T00:00:00Z"}])
async def test_without_both_ends_the_newest_candles_are_meant(
    client: httpx.AsyncClient, parameters: dict[str, Any]
) -> None:
    rows = await candles(client, **parameters)

    assert NOW.timestamp() - 600 < int(rows[0][0]) <= NOW.timestamp()
    assert int(rows[-1][0]) >= int((NOW - timedelta(minutes=300)).timestamp())


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (f"{PRODUCT}/candles?granularity=61", 400, "Unsupported granularity"),
        (f"{PRODUCT}/candles?granularity=x", 400, "granularity is invalid"),
        (f"{PRODUCT}/candles?start=0&end=18000", 400, "Count of aggregations requested exceeds 300"),
        (f"{PRODUCT}/candles?start=soon&end=18000", 400, "start is invalid"),
        (f"{PRODUCT}/trades?after=-1", 400, "after is invalid"),
        (f"{PRODUCT}/trades?limit=many", 400, "limit is invalid"),
        ("/products/NOPE-USD/trades", 404, "NotFound"),
        ("/products/NOPE-USD", 404, "NotFound"),
        (f"{PRODUCT}/book", 404, "NotFound"),
        ("/", 404, "NotFound"),
    ],
)
async def test_a_refusal_is_a_message(client: httpx.AsyncClient, path: str, status: int, message: str) -> None:
    response = await client.get(path)

    assert response.status_code == status
    assert message in response.json()["message"]
    assert list(response.json()) == ["message"]


async def test_candles_of_too_many_trades_are_not_made() -> None:
    async with asking(MARKET, FrozenClock(NOW), SimulatorOptions(most_trades=1_000)) as asked:
        response = await asked.admin.get(f"{PRODUCT}/candles?granularity=86400")

    assert (response.status_code, "too many" in response.json()["message"]) == (400, True)


async def test_the_server_s_time(client: httpx.AsyncClient) -> None:
    assert (await client.get("/time")).json() == {"iso": "2025-03-05T14:30:17.250000Z", "epoch": 1741185017.25}


async def test_products_have_the_fields_of_the_recorded_ones(client: httpx.AsyncClient) -> None:
    recording("coinbase/rest/products_2021-04-17.json.gz")
    recorded = orjson.loads(recorded_body("rest/products_2021-04-17.json.gz"))[0]
    rows = (await client.get("/products")).json()
    gone = {"base_max_size", "base_min_size", "max_market_funds"}
    """Removed in June 2022: changelog of docs.cdp.coinbase.com/exchange."""

    assert set(recorded) - gone <= set(rows[0])
    assert all(type(rows[0][name]) is type(recorded[name]) for name in set(recorded) - gone)
    assert [(row["id"], row["status"]) for row in rows] == [("BTC-USD", "online"), ("OLD-USD", "delisted")]


async def test_a_ticker_has_the_fields_of_the_recorded_one(client: httpx.AsyncClient) -> None:
    recorded = texts(recorded_body("rest_recorded/ticker_BTC-USD_2017.json"))
    row = (await client.get("/products/btc-usd/ticker")).json()

    assert set(row) == set(recorded)
    assert row["trade_id"] == NEWEST
    assert Decimal(row["volume"]) > 0


async def test_a_bucket_of_tokens_bounds_who_asks_too_fast() -> None:
    clock = FrozenClock(NOW)
    async with asking(MARKET, clock, SimulatorOptions()) as asked:
        at_once = [(await asked.admin.get("/time")).status_code for _ in range(17)]
        clock.moment += timedelta(milliseconds=300)
        later = [await asked.admin.get("/time") for _ in range(4)]
        assert (await asked.admin.get("/simulator/faults")).status_code == 200

    assert at_once == [200] * 15 + [429] * 2
    assert [each.status_code for each in later] == [200, 200, 200, 429]
    assert later[-1].json() == {"message": "Public rate limit exceeded"}
    assert "retry-after" not in later[-1].headers


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"fault": "rate_limited", "seconds": 3}, 429, {"message": "Public rate limit exceeded"}),
        ({"fault": "server_error"}, 503, {"message": "Internal server error"}),
        ({"fault": "server_error", "status": 500}, 500, {"message": "Internal server error"}),
    ],
)
async def test_faults_speak_coinbase_s_words(
    client: httpx.AsyncClient, fault: dict[str, Any], status: int, body: dict[str, str]
) -> None:
    await client.post("/simulator/faults", json=fault)
    response = await client.get("/time")

    assert (response.status_code, response.json()) == (status, body)


@pytest.mark.parametrize("fault", [Fault.BANNED, Fault.CORRUPT_ARCHIVE, Fault.SERVER_SHUTDOWN])
async def test_what_cannot_happen_at_coinbase_cannot_be_ordered(client: httpx.AsyncClient, fault: Fault) -> None:
    response = await client.post("/simulator/faults", json={"fault": fault})

    assert response.status_code == 422
    assert response.json()["error"].startswith(f"fault '{fault}' is unknown; there are rate_limited, server_error")


async def test_pages_are_in_the_ledger(client: httpx.AsyncClient) -> None:
    await client.get(f"{PRODUCT}/trades?after=101&limit=50")

    shown = (await client.get("/simulator/ledger")).json()["symbols"]["BTC-USD"]
    assert shown["rest"] == [[51, 100]]

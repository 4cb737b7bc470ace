"""The simulated REST interface, asked by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import microseconds
from candlewick.providers.exact_json import loads
from candlewick.providers.kraken.simulator import SimulatorOptions
from candlewick.providers.kraken.simulator.markets import REPERTOIRE
from markets import FrozenClock
from simulated import NOW
from unit.providers.kraken.simulator.venue import MARKET, asking

BTC = InstrumentKey("kraken", "BTC", "USD")
NOW_NS = microseconds(NOW) * 1000


async def result(client: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await client.get(f"/0/public/{path}", params=parameters)
    assert answer.status_code == 200
    body = loads(answer.content)
    assert body["error"] == []
    return body["result"]


async def error(client: httpx.AsyncClient, path: str, **parameters: Any) -> str:
    answer = await client.get(f"/0/public/{path}", params=parameters)
    assert answer.status_code == 200
    (said,) = answer.json()["error"]
    return str(said)


@pytest.mark.parametrize("name", ["XBTUSD", "XXBTZUSD", "XBT/USD", "BTC/USD"])
async def test_a_pair_has_all_its_names_and_answers_under_its_key(name: str) -> None:
    async with asking() as client:
        assert list(await result(client, "Trades", pair=name, count=1)) == ["XXBTZUSD", "last"]


async def test_without_since_the_newest_trades_come() -> None:
    async with asking() as client:
        found = await result(client, "Trades", pair="XBTUSD")

    last = MARKET.sequence_at(BTC, NOW + timedelta(microseconds=1)) - 1
    assert [row[6] for row in found["XXBTZUSD"]] == list(range(last - 999, last + 1))


async def test_what_happened_at_since_is_left_out_and_last_is_where_to_go_on() -> None:
    async with asking() as client:
        first = await result(client, "Trades", pair="XBTUSD", since=NOW_NS - 3_600 * 10**9, count=10)
        second = await result(client, "Trades", pair="XBTUSD", since=first["last"], count=10)

    numbers = [row[6] for row in first["XXBTZUSD"] + second["XXBTZUSD"]]
    assert numbers == sorted(set(numbers))
    assert second["XXBTZUSD"][0][2] > first["XXBTZUSD"][-1][2]


async def test_since_may_be_in_seconds() -> None:
    async with asking() as client:
        seconds = await result(client, "Trades", pair="XBTUSD", since=NOW_NS // 10**9 - 60, count=5)
        nanoseconds = await result(client, "Trades", pair="XBTUSD", since=(NOW_NS // 10**9 - 60) * 10**9, count=5)

    assert seconds == nanoseconds


async def test_after_the_newest_trade_there_is_nothing_and_since_stays() -> None:
    async with asking() as client:
        assert await result(client, "Trades", pair="XBTUSD", since=NOW_NS) == {"XXBTZUSD": [], "last": str(NOW_NS)}


async def test_candles_are_the_last_720_minutes_and_the_running_one() -> None:
    async with asking() as client:
        found = await result(client, "OHLC", pair="XBTUSD")

    times = [row[0] for row in found["XXBTZUSD"]]
    running = int(NOW.replace(second=0, microsecond=0).timestamp())
    assert times == list(range(running - 720 * 60, running + 60, 60))
    assert found["last"] == running - 60


async def test_minutes_without_trades_are_rows_as_well() -> None:
    async with asking() as client:
        rows = (await result(client, "OHLC", pair="XBTUSD"))["XXBTZUSD"]

    silent = [row for row in rows if row[7] == 0]
    assert silent
    assert all(row[1:7] == [row[1], row[1], row[1], row[1], "0.0", "0.00000000"] for row in silent)


async def test_candles_since_a_moment_come_alone() -> None:
    since = int(NOW.timestamp()) // 60 * 60 - 180
    async with asking() as client:
        rows = (await result(client, "OHLC", pair="XBTUSD", interval=1, since=since))["XXBTZUSD"]

    assert [row[0] for row in rows] == [since + 60, since + 120, since + 180]


async def test_pairs_and_assets_are_described() -> None:
    async with asking(REPERTOIRE.lively(1, ["BTC/USD", "LUNA/USD", "AAPLx/USD"])) as client:
        pairs, assets = await result(client, "AssetPairs"), await result(client, "Assets")
        shares = await result(client, "AssetPairs", aclass_base="tokenized_asset")

    assert {key: (pair["wsname"], pair["status"]) for key, pair in pairs.items()} == {
        "XXBTZUSD": ("XBT/USD", "online"), "LUNAUSD": ("LUNA/USD", "cancel_only")
    }  # fmt: skip
    assert list(shares) == ["AAPLxUSD"]
    assert {code: asset["altname"] for code, asset in assets.items()} == {
        "XXBT": "XBT", "ZUSD": "USD", "LUNA": "LUNA", "AAPLx": "AAPLx"
    }  # fmt: skip


async def test_a_tokenized_share_is_found_only_as_one() -> None:
    async with asking(REPERTOIRE.lively(1, ["BTC/USD", "AAPLx/USD"])) as client:
        assert await error(client, "Trades", pair="AAPLxUSD") == "EQuery:Unknown asset pair"
        assert await error(client, "Ticker", pair="XBTUSD,AAPLxUSD") == "EQuery:Unknown asset pair"
        found = await result(client, "Trades", pair="AAPLxUSD", asset_class="tokenized_asset", count=1)

    assert list(found) == ["AAPLxUSD", "last"]


async def test_all_tickers_come_if_none_is_named() -> None:
    async with asking() as client:
        assert list(await result(client, "Ticker")) == ["XXBTZUSD", "ZEURZUSD"]


async def test_time_and_status_follow_the_exchange_s_clock() -> None:
    async with asking() as client:
        await client.post("/simulator/faults", json={"fault": "skewed_clock", "seconds": 60})
        time, status = await result(client, "Time"), await result(client, "SystemStatus")

    assert time["unixtime"] == int(NOW.timestamp()) + 60
    assert status == {"status": "online", "timestamp": "2025-03-05T14:31:17Z"}


@pytest.mark.parametrize(
    ("path", "parameters", "said"),
    [
        ("Trades", {"pair": "FOOUSD"}, "EQuery:Unknown asset pair"),
        ("Ticker", {"pair": "XBTUSD,FOOUSD"}, "EQuery:Unknown asset pair"),
        ("Trades", {}, "EGeneral:Invalid arguments"),
        ("Trades", {"pair": "XBTUSD", "since": "x"}, "EGeneral:Invalid arguments"),
        ("OHLC", {"pair": "XBTUSD", "interval": "7"}, "EGeneral:Invalid arguments"),
        ("Nothing", {}, "EGeneral:Unknown method"),
    ],
)
async def test_what_cannot_be_answered_is_an_error_with_status_200(
    path: str, parameters: dict[str, str], said: str
) -> None:
    async with asking() as client:
        assert await error(client, path, **parameters) == said


async def test_who_asks_too_fast_is_refused_until_the_counter_has_sunk() -> None:
    clock = FrozenClock(NOW)
    async with asking(clock=clock, options=SimulatorOptions(counter_limit=3)) as client:
        for _ in range(3):
            await result(client, "Time")
        assert await error(client, "Time") == "EAPI:Rate limit exceeded"
        assert (await client.get("/simulator/faults")).status_code == 200
        clock.moment += timedelta(seconds=1)
        await result(client, "Time")
        assert await error(client, "Time") == "EAPI:Rate limit exceeded"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("rate_limited", "EAPI:Rate limit exceeded"),
        ("banned", "EGeneral:Temporary lockout"),
        ("server_error", "EService:Unavailable"),
    ],
)
async def test_ordered_refusals_are_in_kraken_s_words(fault: str, said: str) -> None:
    async with asking() as client:
        await client.post("/simulator/faults", json={"fault": fault})

        assert await error(client, "Time") == said
        await result(client, "Time")


async def test_a_fault_of_archives_is_not_offered() -> None:
    async with asking() as client:
        answer = await client.post("/simulator/faults", json={"fault": "corrupt_archive"})

    assert answer.status_code == 422


async def test_what_left_is_in_the_ledger() -> None:
    async with asking() as client:
        found = await result(client, "Trades", pair="XBTUSD", count=7)
        ledger = (await client.get("/simulator/ledger")).json()["symbols"]

    numbers = [row[6] for row in found["XXBTZUSD"]]
    assert ledger["BTC/USD"]["rest"] == [[numbers[0], numbers[-1]]]

"""`candlewick watch` with two workers, one of which is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from candlewick.cli.exit_codes import ExitCode
from candlewick.embedded import private_services
from command_line import Candlewick
from integration.cli.conftest import AtVenue, simulating

TAKE_OVER = 15.0
"""Seconds within which another worker has the stream of one that died."""
BTC, ETH = "binance:BTC-USDT", "binance:ETH-USDT"
_HOLDER = "SELECT holder FROM lease WHERE name = 'stream/binance/list' AND expires_at > clock_timestamp()"
_TRADES = """
SELECT count(*) AS count, max(sequence) AS last, max(sequence) - min(sequence) + 1 AS span
FROM trade JOIN instrument ON instrument.id = trade.instrument_id WHERE instrument.key = $1
"""


@pytest.fixture
def venue(candlewick: Candlewick, simulators: list[subprocess.Popen[str]]) -> AtVenue:
    said = simulating(candlewick, simulators, "--symbols", "BTCUSDT,ETHUSDT", "--rate", "20")
    return AtVenue(candlewick.data_dir, said[-1].split()[-1])


@pytest.fixture
def workers(venue: AtVenue) -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.fixture
async def connection(venue: AtVenue) -> AsyncIterator[Any]:
    with private_services(venue.data_dir, redis=False) as urls:
        opened = await asyncpg.connect(urls.database)
        yield opened
        await opened.close()


async def test_a_killed_worker_is_replaced_within_seconds_and_no_trade_is_missing(
    venue: AtVenue, workers: list[subprocess.Popen[str]], connection: Any
) -> None:
    assert venue.run("watch", BTC, ETH).returncode == 0
    workers += [venue.start("worker", "--only", "live") for _ in range(2)]
    holder = await holding(connection, 60)
    before = await beyond(connection, 0, 60)

    killed = int(holder.split(":")[1])
    os.kill(killed, signal.SIGKILL)
    async with asyncio.timeout(TAKE_OVER):
        while await connection.fetchval(_HOLDER) in {holder, None}:  # noqa: ASYNC110  (a database has no event)
            await asyncio.sleep(0.1)

    found = await beyond(connection, before["last"] + 20 * int(TAKE_OVER), 60)
    assert found["count"] == found["span"]

    shown = {each["source"]: each for each in json.loads(venue.run("sources", "--json").stdout)}
    binance = shown["binance"]
    assert (binance["status"], binance["unknown"]) == ("ok", None)
    assert [stream["instruments"] for stream in binance["streams"]] == [2]
    assert binance["lag_seconds"] < 60
    assert {budget["name"] for budget in binance["budgets"]} == {"binance", "binance:archives", "binance:streams"}
    assert shown["kraken"]["status"] == "idle"


def test_the_list_is_changed_and_shown(venue: AtVenue) -> None:
    watched = venue.run("watch", ETH, BTC, "--json")
    unknown = venue.run("watch", "binance:NOPE-USDT")
    nowhere = venue.run("watch", "nyse:AAPL-USD")
    left = venue.run("unwatch", ETH, "binance:NOPE-USDT", "--json")
    shown = venue.run("watch", "--list")

    assert [each["instrument"] for each in json.loads(watched.stdout)] == [BTC, ETH]
    assert (unknown.returncode, "there is no instrument" in unknown.stderr) == (ExitCode.FAILED, True)
    assert (nowhere.returncode, "venue 'nyse' is not known" in nowhere.stderr) == (ExitCode.FAILED, True)
    assert [each["instrument"] for each in json.loads(left.stdout)] == [BTC]
    assert (BTC in shown.stdout, ETH in shown.stdout) == (True, False)


def test_a_source_is_asked_now_for_the_last_hour_of_named_instruments(venue: AtVenue) -> None:
    done = venue.run("ingest", "binance", "--instrument", BTC, "--json")
    largest = venue.run("ingest", "binance", "--limit", "1", "--json")
    nowhere = venue.run("ingest", "nowhere")

    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "succeeded"), done.stderr
    assert json.loads(done.stdout)["stored"] > 10_000
    assert largest.returncode == 0, largest.stderr
    assert json.loads(largest.stdout)["stored"] in {1, 2}  # of the other one, which is compared, and of the larger one
    assert (nowhere.returncode, "there is no source 'nowhere'" in nowhere.stderr) == (ExitCode.FAILED, True)


def test_the_largest_coins_are_asked_for_and_watched_ones_at_once(
    candlewick: Candlewick, simulators: list[subprocess.Popen[str]]
) -> None:
    said = simulating(candlewick, simulators, "--market", "coingecko")
    venue = AtVenue(candlewick.data_dir, said[-1].split()[-1], "COINGECKO")

    done = venue.run("ingest", "coingecko", "--limit", "2", "--json")
    watched = venue.run("watch", "coingecko:BTC-EUR", "--json")
    jobs = json.loads(venue.run("jobs", "list", "--json").stdout)

    assert (done.returncode, json.loads(done.stdout)["stored"]) == (0, 2), done.stderr
    assert watched.returncode == 0, watched.stderr
    assert [(job["kind"], job["about"]) for job in jobs] == [
        ("ingest", "coingecko:BTC-EUR"),
        ("ingest", "coingecko"),
    ]


def test_nothing_to_watch_is_a_mistake(venue: AtVenue) -> None:
    assert venue.run("watch").returncode == ExitCode.USAGE


async def holding(connection: Any, seconds: float) -> str:
    """Who holds the stream, as soon as somebody does."""
    async with asyncio.timeout(seconds):
        while (holder := await connection.fetchval(_HOLDER)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return str(holder)


async def beyond(connection: Any, sequence: int, seconds: float) -> Any:
    """What is stored of the instrument, as soon as there is more than up to there."""
    async with asyncio.timeout(seconds):
        while ((found := await connection.fetchrow(_TRADES, BTC))["last"] or 0) <= sequence:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return found

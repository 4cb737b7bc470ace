"""`candlewick build-bars` over a simulated venue's trades, without a worker and without a database."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from candlewick.cli.exit_codes import ExitCode
from command_line import Candlewick
from integration.cli.conftest import AtVenue, simulating

RATE = 5
TICKS = ("--measure", "tick", "--threshold", "100")


@pytest.fixture
def venue(candlewick: Candlewick, simulators: list[subprocess.Popen[str]]) -> AtVenue:
    said = simulating(candlewick, simulators, "--symbols", "BTCUSDT", "--rate", str(RATE))
    return AtVenue(candlewick.data_dir, said[-1].split()[-1])


def moment(ago: timedelta) -> str:
    return (datetime.now(UTC) - ago).replace(microsecond=0).isoformat()


def test_bars_are_built_once_and_gone_on_with(venue: AtVenue) -> None:
    span = ("--from", moment(timedelta(minutes=12)), "--to", moment(timedelta(minutes=2)))
    assert venue.run("backfill", "binance:BTC-USDT", *span).returncode == 0

    first = venue.run("build-bars", "binance:BTC-USDT", *TICKS, "--key", "once", "--json")
    same = venue.run("build-bars", "binance:BTC-USDT", *TICKS, "--key", "once", "--json")
    again = venue.run("build-bars", "binance:BTC-USDT", *TICKS, "--json")
    elsewhere = venue.run("build-bars", "binance:BTC-USDT", *TICKS, "--from", "2024")
    unknown = venue.run("build-bars", "binance:NO-SUCH", *TICKS)

    assert first.returncode == 0, first.stderr
    job = json.loads(first.stdout)
    assert (job["kind"], job["status"], job["stored"]) == ("build_bars", "succeeded", 10 * 60 * RATE // 100)
    assert json.loads(same.stdout)["job"] == job["job"]
    assert json.loads(again.stdout)["stored"] == 0
    assert (elsewhere.returncode, "leave out `from`" in elsewhere.stderr) == (ExitCode.FAILED, True)
    assert (unknown.returncode, "there is no instrument" in unknown.stderr) == (ExitCode.FAILED, True)

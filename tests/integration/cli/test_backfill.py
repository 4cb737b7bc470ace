"""`candlewick backfill` and `candlewick jobs` against a simulated venue, without a worker and without a database."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from candlewick.cli.exit_codes import ExitCode
from command_line import Candlewick
from integration.cli.conftest import AtVenue, simulating

RATE = 5


class Backfilled(AtVenue):
    """The same, with a command that is given often."""

    def backfill(self, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """Exit code, what it wrote as JSON, and its last line of complaint."""
        done = self.run("backfill", *arguments, "--json")
        said = done.stderr.strip().splitlines()
        return done.returncode, json.loads(done.stdout) if done.stdout else {}, said[-1] if said else ""


@pytest.fixture
def venue(candlewick: Candlewick, simulators: list[subprocess.Popen[str]]) -> Backfilled:
    said = simulating(candlewick, simulators, "--symbols", "BTCUSDT,ETHUSDT", "--rate", str(RATE))
    return Backfilled(candlewick.data_dir, said[-1].split()[-1])


def moment(ago: timedelta) -> str:
    return (datetime.now(UTC) - ago).replace(microsecond=0).isoformat()


def test_the_past_is_fetched_once_and_its_job_can_be_looked_at(venue: Backfilled) -> None:
    span = ("--from", moment(timedelta(minutes=12)), "--to", moment(timedelta(minutes=2)))
    code, first, _ = venue.backfill("binance:BTC-USDT", "binance:ETH-USDT", *span, "--key", "once")
    _, same, _ = venue.backfill("binance:BTC-USDT", "binance:ETH-USDT", *span, "--key", "once")
    other, _, complaint = venue.backfill("binance:BTC-USDT", *span, "--key", "once")
    _, again, _ = venue.backfill("binance:BTC-USDT", *span)
    listed = json.loads(venue.run("jobs", "list", "--json").stdout)
    shown = venue.run("jobs", "show", str(first["job"]))
    cancelled = venue.run("jobs", "cancel", str(first["job"]))

    assert (code, first["status"], first["stored"]) == (0, "succeeded", 2 * 10 * 60 * RATE)
    assert same["job"] == first["job"]
    assert (other, "used for job" in complaint) == (ExitCode.FAILED, True)
    assert (again["stored"], again["repeated"]) == (0, 10 * 60 * RATE)
    assert [job["job"] for job in listed] == [again["job"], first["job"]]
    assert "status:      succeeded" in shown.stdout
    assert cancelled.returncode == ExitCode.FAILED
    assert "nothing to cancel" in cancelled.stderr


def test_candles_are_fetched_as_the_venue_publishes_them(venue: Backfilled) -> None:
    span = ("--from", moment(timedelta(minutes=30)), "--to", moment(timedelta(minutes=10)))

    _, job, _ = venue.backfill("binance:BTC-USDT", *span, "--kind", "candles")

    assert (job["status"], job["stored"]) == ("succeeded", 20)


def test_candles_from_trades_are_compared_with_the_venue_s_own(venue: Backfilled) -> None:
    span = ("--from", moment(timedelta(minutes=30)), "--to", moment(timedelta(minutes=10)))
    venue.backfill("binance:BTC-USDT", "--from", moment(timedelta(minutes=31)), "--to", moment(timedelta(minutes=8)))

    equal = venue.run("verify", "binance:BTC-USDT", *span, "--json")
    nothing = venue.run("verify", "binance:BTC-USDT", "--from", "2024-08-08", "--to", "2024-08-09", "--stored")

    assert equal.returncode == 0, equal.stdout
    found = json.loads(equal.stdout)
    assert (found["equal"], found["differences"], found["gaps"]) == (True, [], 0)
    assert found["compared"] in {20, 21}
    assert (nothing.returncode, nothing.stdout) == (
        ExitCode.FAILED, "0 candles were compared; 0 fields differ.\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("binance:NOPE-USDT", "--from", "2024-08-08"), "there is no instrument 'binance:NOPE-USDT'"),
        (("nasdaq:AAPL-USD", "--from", "2024-08-08"), "venue 'nasdaq' is not known"),
        (("binance:BTC-USDT", "--from", "2999"), "lies in the future"),
        (("binance:BTC-USDT", "--from", "2024-08-09", "--to", "2024-08-08"), "`to` must be after `from`"),
        (("binance:BTC-USDT", "--from", "2001", "--to", "2002"), "ends before binance began"),
        (("binance:BTC-USDT", "--from", "2024-13"), "is no time"),
        (("BTCUSDT", "--from", "2024-08-08"), "is no instrument key"),
    ],
)
def test_what_cannot_be_fetched_is_refused_with_its_reason(
    venue: Backfilled, arguments: tuple[str, ...], said: str
) -> None:
    done = venue.run("backfill", *arguments)

    assert done.returncode in {ExitCode.FAILED, ExitCode.USAGE}
    assert said in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_a_venue_that_is_away_is_no_wrong_input(candlewick: Candlewick) -> None:
    nobody = AtVenue(candlewick.data_dir, "http://127.0.0.1:9")

    done = nobody.run("backfill", "binance:BTC-USDT", "--from", "2024-08-08", "--to", "2024-08-09")

    assert done.returncode == ExitCode.UNAVAILABLE
    assert "binance cannot be asked right now" in done.stderr

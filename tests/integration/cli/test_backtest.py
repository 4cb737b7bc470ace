"""`candlewick backtest` and `candlewick backtests`, from a table of days to a page."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from candlewick.backtest.strategies import STRATEGIES
from candlewick.cli.backtesting import _NAMES
from candlewick.cli.exit_codes import ExitCode
from command_line import Candlewick

KEY = "test:SHARE-USD"
FIRST = date(2020, 1, 1)


def table_of(folder: Path) -> Path:
    """A hundred days of a price that goes up and down like a saw."""
    rows = ["date,open,high,low,close"]
    for number in range(100):
        price = 100 + number % 20 if number // 20 % 2 == 0 else 120 - number % 20
        rows.append(f"{FIRST + timedelta(days=number)},{price},{price + 1},{price - 1},{price}")
    path = folder / "days.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_from_a_table_to_a_page_and_back(candlewick: Candlewick) -> None:
    imported = candlewick.run(
        "import", str(table_of(candlewick.data_dir)), "--instrument", KEY, "--kind", "days", "--base-class", "equity"
    )
    assert imported.returncode == 0, imported.stderr
    asked = ("backtest", "sma_cross", KEY, "--from", "2020", "--to", "2021", "--set", "fast=2", "--set", "slow=5")
    done = candlewick.run(*asked, "--direction", "both", "--lot", "1", "--html", "page.html", "--json", "all.json")
    assert done.returncode == 0, done.stderr
    assert "Backtest 1: sma_cross on test:SHARE-USD, 100 candles of P1D, data revision" in done.stdout
    document = json.loads((candlewick.data_dir / "all.json").read_text())
    assert document["request"]["parameters"] == {"fast": 2.0, "slow": 5.0}
    assert len(document["trades"]) == document["summary"]["statistics"]["trades"] > 3
    page = (candlewick.data_dir / "page.html").read_text()
    assert page.count("<svg") == 3
    again = candlewick.run("backtests", "show", "1", "--json", "-", "--html", "again.html")
    assert json.loads(again.stdout) == document
    assert (candlewick.data_dir / "again.html").read_text() == page
    listed = candlewick.run("backtests", "list", "--strategy", "sma_cross", "--instrument", KEY, "--json")
    assert [each["backtest"] for each in json.loads(listed.stdout)] == [1]
    assert "sma_cross" in candlewick.run("backtests", "list").stdout

    for arguments, code, message in (
        (
            ("backtest", "moon", KEY, "--from", "2020"),
            ExitCode.FAILED,
            "there is no strategy 'moon'; there are sma_cross",
        ),
        ((*asked, "--set", "slow=nan"), ExitCode.FAILED, "sma_cross.slow is nan"),
        ((*asked, "--set", "slow=200"), ExitCode.FAILED, "takes 200 candles for its first value, there are 100"),
        ((*asked, "--capital", "-5"), ExitCode.FAILED, "capital is -5"),
        ((*asked, "--fee", "NaN"), ExitCode.FAILED, "fee is NaN"),
        (("backtest", "sma_cross", "test:NO-USD", "--from", "2020"), ExitCode.FAILED, "no instrument 'test:NO-USD'"),
        (("backtest", "sma_cross", KEY, "--from", "2021", "--to", "2020"), ExitCode.USAGE, "is empty"),
        ((*asked, "--set", "fast"), ExitCode.USAGE, "write NAME=NUMBER"),
        ((*asked, "--every", "M7"), ExitCode.USAGE, "is no width"),
        ((*asked, "--cash", "5", "--quantity", "1"), ExitCode.USAGE, "give one of"),
        (("backtests", "show", "99"), ExitCode.FAILED, "there is no backtest 99"),
    ):
        refused = candlewick.run(*arguments)
        assert (refused.returncode, message in " ".join(refused.stderr.split())) == (code, True), refused.stderr


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_help_names_every_strategy(name: str) -> None:
    assert name in _NAMES

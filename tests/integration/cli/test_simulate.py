"""`candlewick simulate` as a process: it says where it is, answers, and stops when it is told."""

from __future__ import annotations

import signal
import subprocess

import httpx
import pytest

from command_line import Candlewick
from integration.cli.conftest import simulating


def listed(said: list[str]) -> list[str]:
    answer = httpx.get(f"{said[-1].split()[-1]}/api/v3/exchangeInfo", timeout=30)
    return [symbol["symbol"] for symbol in answer.json()["symbols"]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_that_prices_are_made_up_and_stops_when_told(
    candlewick: Candlewick, simulators: list[subprocess.Popen[str]], number: signal.Signals
) -> None:
    said = simulating(candlewick, simulators, "--symbols", "BTCUSDT,1INCHUSDT", "--rate", "50")
    base = said[-1].split()[-1]

    assert "made up" in said[0]
    assert f"CANDLEWICK_SOURCES__BINANCE__REST_URL={base}" in said[1]
    assert f"CANDLEWICK_SOURCES__BINANCE__STREAM_URL={base.replace('http', 'ws')}" in said[3]
    assert listed(said) == ["BTCUSDT", "1INCHUSDT"]
    simulators[-1].send_signal(number)
    assert simulators[-1].wait(timeout=30) == 0


def test_the_demo_market_can_be_served(candlewick: Candlewick, simulators: list[subprocess.Popen[str]]) -> None:
    said = simulating(candlewick, simulators, "--market", "demo")

    assert listed(said) == ["BTCUSD", "ETHUSD", "EURUSD", "XAUUSD", "ACMEUSD"]


def test_another_venue_can_be_served_with_its_own_settings(
    candlewick: Candlewick, simulators: list[subprocess.Popen[str]]
) -> None:
    said = simulating(candlewick, simulators, "--market", "coinbase", "--symbols", "BTC-USD,ETH-USD")
    base = said[-1].split()[-1]

    assert said[1:3] == [
        f"  CANDLEWICK_SOURCES__COINBASE__REST_URL={base}",
        f"  CANDLEWICK_SOURCES__COINBASE__STREAM_URL={base.replace('http', 'ws')}",
    ]
    assert [product["id"] for product in httpx.get(f"{base}/products", timeout=30).json()] == ["BTC-USD", "ETH-USD"]

"""`candlewick up` and `candlewick demo`: everything starts, everything stops."""

from __future__ import annotations

import signal
import subprocess

import httpx

from command_line import Candlewick, lines_until
from embedded_services import eventually

DEMO = ["demo:BTC-USD", "demo:ETH-USD", "demo:EUR-USD", "demo:XAU-USD", "demo:ACME-USD"]


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).is_success
    except httpx.HTTPError:
        return False


def test_ctrl_c_stops_all_of_it(up: subprocess.Popen[str], candlewick: Candlewick, port: int) -> None:
    assert answers(port)
    assert candlewick.run("worker", "--check").returncode == 0

    up.send_signal(signal.SIGINT)

    assert up.wait(timeout=60) == 0
    assert not answers(port)


def test_its_worker_computes_what_its_server_is_asked_for(candlewick: Candlewick, port: int) -> None:
    process = candlewick.start("demo", "--port", str(port), "--days", "0.02")
    try:
        assert lines_until(process, "ready")
        variables = {"key": DEMO[0], "of": [{"name": "sma", "parameters": [{"name": "length", "value": 5}]}]}
        query = """query Q($key: String!, $of: [IndicatorInput!]!) { instrument(key: $key) {
            indicators(spec: {interval: M1}, of: $of, last: 3) { points { values stable } }
            } }"""
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json=body, timeout=60).json()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)

    assert "errors" not in answer, answer
    [series] = answer["data"]["instrument"]["indicators"]
    assert [point["stable"] for point in series["points"]] == [True] * 3
    assert all(point["values"][0] > 0 for point in series["points"])


def test_its_children_stop_when_it_is_killed(up: subprocess.Popen[str], port: int) -> None:
    up.kill()

    assert eventually(lambda: not answers(port), seconds=60)


def test_demo_says_that_prices_are_made_up_and_when_it_is_ready(candlewick: Candlewick, port: int) -> None:
    command = ("demo", "--port", str(port), "--days", "0.02", "--for", "1")
    first = candlewick.run(*command)
    other = candlewick.run(*command, "--seed", "2")

    assert first.returncode == 0
    assert "made up" in first.stdout.splitlines()[0]
    assert first.stdout.splitlines()[-1] == f"ready: http://127.0.0.1:{port}/"
    columns, *rows = [line.split() for line in first.stdout.splitlines()[-7:-1]]
    assert columns == ["instrument", "opened", "open", "high", "low", "close", "volume", "rsi", "14", "atr", "14"]
    assert [row[0] for row in rows] == DEMO
    assert all(float(figure) > 0 for row in rows for figure in row[2:])
    assert {len(row) for row in rows} == {9}
    assert other.returncode == 1
    assert "another seed" in other.stderr

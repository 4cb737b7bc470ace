"""Load on one address: wrk where it is installed, else a client of ours in a process of its own.

python bench/load.py CONNECTIONS SECONDS < request
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from candlewick.storage.engine import Database
from servers import Program, python

SCRIPT = 'wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json"; wrk.body = [==[{body}]==]'
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Request:
    """A GET, or a POST of JSON if there is a body."""

    url: str
    body: str | None = None

    def built(self, client: httpx.AsyncClient) -> httpx.Request:
        headers = {"content-type": "application/json"}
        return client.build_request("POST" if self.body else "GET", self.url, content=self.body, headers=headers)


@dataclass(frozen=True, slots=True)
class Load:
    """How many ask at the same time, each again as soon as it has its answer."""

    connections: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.connections} connections for {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    requests: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float = 0.0
    """Of the server's own process, a request."""
    database_ms: float = 0.0
    """The same of the database's processes, if they run on this machine."""


async def measured(request: Request, load: Load, server: Program, database: Database) -> Result:
    """Load the server: a second to warm up, then what counts; for longer, if nobody got an answer."""
    warm = Load(load.connections, 1)
    run = _wrk if shutil.which("wrk") else _client
    await run(request, warm)
    assert server.process is not None
    backends = await _backends(database)
    before, before_there = _cpu_seconds(server.process.pid), sum(map(_cpu_seconds, backends))
    result = await run(request, load)
    if not result.requests:
        return await measured(request, replace(load, seconds=2 * load.seconds), server, database)
    cpu, there = _cpu_seconds(server.process.pid) - before, sum(map(_cpu_seconds, backends)) - before_there
    return replace(result, cpu_ms=1000 * cpu / result.requests, database_ms=1000 * there / result.requests)


async def _backends(database: Database) -> list[int]:
    """The database's processes for its clients."""
    async with database.driver() as driver:
        found = await driver.fetch("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    return [row["pid"] for row in found]


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # it is on another machine
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


async def _wrk(request: Request, load: Load) -> Result:
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{load.seconds:.0f}s", "--timeout", "30s", "--latency"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if request.body:
            script.write(SCRIPT.format(body=request.body))
            script.flush()
            command += ["-s", script.name]
        text = await _output([*command, request.url])
    assert "Non-2xx" not in text and "Socket errors" not in text, text  # noqa: PT018
    [requests] = re.findall(r"(\d+) requests in", text)
    [rate] = re.findall(r"Requests/sec:\s+([\d.]+)", text)
    p50, p99 = (float(number) * UNITS[unit] for number, unit in re.findall(r"(?:50|99)%\s+([\d.]+)(us|ms|s)", text))
    return Result(int(requests), float(rate), p50, p99)


async def _client(request: Request, load: Load) -> Result:
    command = python(__file__, str(load.connections), str(load.seconds))
    found = json.loads(await _output(command, json.dumps([request.url, request.body])))
    return Result(*found)


async def _output(command: Sequence[str], text: str = "") -> str:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    output, _ = await process.communicate(text.encode())
    assert process.returncode == 0, f"{command[0]} failed"
    return output.decode()


async def _ask(request: Request, load: Load) -> Result:
    """The client in Python."""
    taken: list[float] = []
    until = time.perf_counter() + load.seconds

    async def asker(client: httpx.AsyncClient) -> None:
        while (began := time.perf_counter()) < until:
            (await client.send(request.built(client))).raise_for_status()
            taken.append((time.perf_counter() - began) * 1000)

    async with httpx.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as group:
        for _ in range(load.connections):
            group.create_task(asker(client))
    taken.sort()
    return Result(len(taken), len(taken) / load.seconds, taken[len(taken) // 2], taken[len(taken) * 99 // 100])


def main() -> None:
    url, body = json.load(sys.stdin)
    result = asyncio.run(_ask(Request(url, body), Load(int(sys.argv[1]), float(sys.argv[2]))))
    print(json.dumps([result.requests, result.rate, result.p50_ms, result.p99_ms]))


if __name__ == "__main__":
    main()

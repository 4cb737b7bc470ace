"""Candles over GraphQL, by Candlewick, stock Strawberry, PostGraphile 5 and a bare handler with json_agg, side by side.

All four are processes of their own on the same TimescaleDB and take turns within one run. Stock Strawberry has
Candlewick's schema, resolvers and stores. The bare handler is a Starlette route with one statement: what a GraphQL
server cannot be faster than by that statement. PostGraphile comes from npm, into a cache folder outside of the
repository. The load is wrk where it is installed, else a small client in a process of its own.

    python bench/api.py [--seconds 5] [--rounds 3] [--connections 8] [--edition TIMESCALEDB_COMMUNITY]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from candles import COVERED, DIRT, END, FILL, SPAN
from candlewick.clock import SystemClock
from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.embedded import private_services
from candlewick.ports import Listing
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments
from load import Load, Request, measured
from rivals import postgraphile
from servers import Offer, Program, editions, free_port, fresh, python

DAYS, INSTRUMENTS = 60, 10
KEY = "bench:A0-USD"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "candlewick-bench" / "postgraphile"
FIELDS = "openTime open high low close volume tradeCount"
NODES = f"""query Q($last: Int!) {{
  instrument(key: "{KEY}") {{ candles(spec: {{interval: M1}}, last: $last) {{ nodes {{ {FIELDS} }} }} }}
}}"""
COLUMNS = f"""query Q($last: Int!) {{
  instrument(key: "{KEY}") {{ candleColumns(spec: {{interval: M1}}, last: $last) {{ {FIELDS} }} }}
}}"""
ROWS = f"""query Q($last: Int!, $id: Int!) {{
  allCandleM1S(first: $last, orderBy: [OPEN_TIME_DESC], condition: {{instrumentId: $id, origin: 0}}) {{
    nodes {{ {FIELDS} }}
  }}
}}"""


@dataclass
class Contender:
    """A server, and how it is asked."""

    name: str
    program: Program
    port: int
    path: str
    query: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)

    def request(self, last: int, query: str | None = None) -> Request:
        if self.query is None:
            return Request(f"http://127.0.0.1:{self.port}{self.path}?key={KEY}&last={last}")
        body = json.dumps({"query": query or self.query, "variables": {"last": last, **self.variables}})
        return Request(f"http://127.0.0.1:{self.port}{self.path}", body)

    @property
    def memory_mb(self) -> float:
        """What the process and its children hold now."""
        assert self.program.process is not None
        lines = Path(f"/proc/{self.program.process.pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:"))) / 1024


@dataclass(frozen=True, slots=True)
class Score:
    """What a server does: its rate, and the CPU time of it and the database a request, which a busy machine leaves."""

    rate: float
    cpu_ms: float


async def fill(database: Database) -> int:
    """Minutes of some instruments, a clean tree over them; the number of the one that is read."""
    store, start = Instruments(database), END - timedelta(days=DAYS)
    numbers = []
    for number in range(INSTRUMENTS):
        key = InstrumentKey("bench", f"A{number}", "USD")
        listing = Listing(key, f"A{number}USD", Tape.TRADES, AssetClass.CRYPTO, AssetClass.FIAT, "Benchmark")
        numbers.append((await store.list_instrument(listing)).id)
    async with database.driver() as driver:
        for number in numbers:
            for statement in (FILL, SPAN, DIRT, COVERED):
                await driver.execute(statement, number, start, END)
    await Candles(database, SystemClock()).settle()
    async with database.driver() as driver:
        await driver.execute("ANALYZE")
    return numbers[0]


@asynccontextmanager
async def contenders(url: str, redis: str, number: int, folder: Path) -> AsyncIterator[list[Contender]]:
    """All servers, up and answering with the same candles."""
    ports = [free_port() for _ in range(4)]
    settings = {
        "CANDLEWICK_DATA_DIR": str(folder),
        "CANDLEWICK_DATABASE__URL": url,
        "CANDLEWICK_REDIS__URL": redis,
        "CANDLEWICK_HTTP__PORT": str(ports[0]),
    }
    rivals = str(Path(__file__).with_name("rivals.py"))
    found = [
        _contender("candlewick", python("-m", "candlewick", "serve"), settings, folder, ports[0], "/graphql", NODES),
        _contender("stock", python(rivals, "stock", url, str(ports[1])), {}, folder, ports[1], "/graphql/", NODES),
        _contender("bare", python(rivals, "bare", url, str(ports[2])), {}, folder, ports[2], "/candles"),
    ]
    command = postgraphile(CACHE)
    if command is None:
        print("  SKIPPED: PostGraphile, since there is no npm on this machine")
    else:
        node = {"DATABASE_URL": url, "PORT": str(ports[3]), "NODE_ENV": "production"}
        rival = _contender("postgraphile", command, node, folder, ports[3], "/graphql", ROWS)
        rival.variables["id"] = number
        found.append(rival)
    with ExitStack() as stack:
        for each in found:
            each.program.ensure()
            stack.callback(each.program.stop)
        await _same_answers(found)
        yield found


def _contender(
    name: str, command: Sequence[str], environment: dict[str, str], folder: Path, port: int, path: str,
    query: str | None = None,
) -> Contender:  # fmt: skip
    return Contender(name, Program(name, command, environment, folder / f"{name}.log"), port, path, query)


async def _same_answers(found: Sequence[Contender]) -> None:
    """Wait until all answer, and see that the answers have the same candles."""
    seen = {}
    async with httpx.AsyncClient(timeout=60) as client:
        for each in found:
            asked = each.request(1000)
            for _ in range(600):
                with suppress(httpx.TransportError):  # it starts
                    response = await client.send(asked.built(client))
                    if response.status_code == 200:
                        break
                await asyncio.sleep(0.1)
            else:
                raise TimeoutError(f"{each.name} does not answer: see {each.program.log}")
            rows = _rows(response.json())
            assert len(rows) == 1000, f"{each.name}: {response.text[:300]}"
            seen[each.name] = {(row["openTime"][:19], float(row["close"]), int(row["tradeCount"])) for row in rows}
    first = next(iter(seen.values()))
    assert all(rows == first for rows in seen.values()), "they do not answer with the same candles"


def _rows(answer: Any) -> list[dict[str, Any]]:
    """The one list that is somewhere in the answer."""
    while isinstance(answer, dict):
        answer = next(iter(answer.values()))
    assert isinstance(answer, list), answer
    return answer


async def compare(
    found: Sequence[Contender], database: Database, title: str, last: int, load: Load, rounds: int,
    query: str | None = None,
) -> dict[str, Score]:  # fmt: skip
    """Load each in turn; print what came of it, by name."""
    print(f"  {title}")
    results: dict[str, list[Any]] = {each.name: [] for each in found}
    for _ in range(rounds):
        for each in found:
            own = query if each.name == "candlewick" else None
            results[each.name].append(await measured(each.request(last, own), load, each.program, database))
    scores = {}
    for each in found:
        runs = results[each.name]
        rate, p50, p99, cpu, there = (
            statistics.median(getattr(run, name) for run in runs)
            for name in ("rate", "p50_ms", "p99_ms", "cpu_ms", "database_ms")
        )
        scores[each.name] = Score(rate, cpu + there)
        print(
            f"    {each.name:<13} {rate:>7.1f} requests/s   p50 {p50:>6.1f} ms   p99 {p99:>6.1f} ms   "
            f"CPU a request {cpu:>6.2f} ms, of the database {there:>5.2f} ms   {each.memory_mb:>4.0f} MB"
        )
    return scores


def verdict(what: str, ours: Score, theirs: Score, promised: float) -> None:
    """Print a ratio beside the one that is promised, and what it would be if only CPU time counted."""
    ratio, by_cpu = ours.rate / theirs.rate, theirs.cpu_ms / ours.cpu_ms
    missed = "" if ratio >= promised else ": MISSED"
    print(f"  {what:<48} {ratio:>6.2f} ({promised} is promised{missed}); by CPU time {by_cpu:>6.2f}")


async def measure(offer: Offer, given: argparse.Namespace, redis: str) -> None:
    load = Load(given.connections, given.seconds)
    print(f"{offer.edition} ({offer.version}), {load}, median of {given.rounds} rounds:")
    with tempfile.TemporaryDirectory() as name:
        async with fresh(offer) as (url, database):
            number = await fill(database)
            async with contenders(url, redis, number, Path(name)) as found:
                await report(found, database, load, given.rounds)


async def report(found: Sequence[Contender], database: Database, load: Load, rounds: int) -> None:
    wide = await compare(found, database, "7 fields of candles(last: 1000)", 1000, load, rounds)
    narrow = await compare(found, database, "7 fields of candles(last: 100)", 100, load, rounds)
    two = [each for each in found if each.name in {"candlewick", "bare"}]
    columns = await compare(two, database, "the same 1000 as candleColumns", 1000, load, rounds, COLUMNS)
    verdict("1000 rows: Candlewick ÷ stock Strawberry", wide["candlewick"], wide["stock"], 15)
    verdict("1000 rows: Candlewick ÷ bare handler", wide["candlewick"], wide["bare"], 0.7)
    verdict("1000 candleColumns: Candlewick ÷ bare handler", columns["candlewick"], columns["bare"], 1)
    if "postgraphile" in wide:
        verdict("1000 rows: Candlewick ÷ PostGraphile", wide["candlewick"], wide["postgraphile"], 3)
        verdict("100 rows: Candlewick ÷ PostGraphile", narrow["candlewick"], narrow["postgraphile"], 1)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--edition", default="TIMESCALEDB_COMMUNITY")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, private_services(Path(name), database=False) as private:
        assert private.redis is not None
        async with editions() as offers:
            chosen = [offer for offer in offers if offer.edition == given.edition]
            if not chosen:
                sys.exit(f"this machine has no {given.edition}")
            await measure(chosen[0], given, private.redis)


if __name__ == "__main__":
    print(f"load by {'wrk' if shutil.which('wrk') else 'a client in Python, which is a load of its own'}")
    asyncio.run(main())

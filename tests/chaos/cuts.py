"""A client that is cut again and again at any moment, resumes by its cursors, and must be told everything exactly once.

Trades are committed live and late; the relay is killed meanwhile; each session is on the other one of two servers.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from candlewick.domain.market import Instrument, Side, Trade
from candlewick.embedded import private_services
from candlewick.storage.engine import Database
from candlewick.storage.schema import migrate
from candlewick.storage.trades import Trades
from chaos.run import CANDLEWICK, free_port, running
from chaos.victims import Program
from markets import delivery, new_instrument

_CANDLE: Final = "candles { openTime tradeCount status }"
TRADES: Final = """subscription ($keys: [String!]!, $after: String) {
  trades(instruments: $keys, after: $after) { ... on TradeBatch { instrument trades { sequence } cursor } }
}"""
CANDLES: Final = f"""subscription ($keys: [String!]!, $every: Duration!, $after: String) {{
  candles(instruments: $keys, spec: {{time: {{every: $every}}}}, after: $after) {{
    ... on CandleSnapshot {{ instrument {_CANDLE} cursor }}
    ... on CandleUpdate {{ instrument {_CANDLE} cursor omitted {{ from }} }}
    ... on CandleRevised {{ instrument {_CANDLE} cursor omitted {{ from }} }}
  }}
}}"""
STORED: Final = """query ($key: String!, $every: Duration!, $range: TimeRange!) {
  instrument(key: $key) { candles(spec: {time: {every: $every}}, range: $range, first: 5000) { nodes {
    openTime tradeCount status
  } } }
}"""
WIDTHS: Final = ("PT5S", "PT1M")
LATENESS: Final = timedelta(seconds=1)
PAST: Final = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard it will be."""

    cuts: int = 100
    seed: int = 1
    longest: float = 0.8
    """Seconds of a session, at the most."""
    rate: float = 40
    """Commits a second, of which every sixth is late."""
    kill_every: float = 4.0
    """Seconds between two kills of the relay."""


@dataclass
class Told:
    """What the client was told over all its sessions."""

    cursors: dict[str, str] = field(default_factory=dict)
    trades: dict[str, Counter[int]] = field(default_factory=dict)
    candles: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)
    """The trade counts with which each candle was FINAL or REVISED, by width, instrument and open time."""
    sessions: int = 0
    events: int = 0
    errors: list[Any] = field(default_factory=list)

    def note(self, subscription: str, payload: dict[str, Any]) -> None:
        """Take one event, or none of it."""
        [event] = payload["data"].values()
        self.events += 1
        for trade in event.get("trades", ()):
            self.trades.setdefault(event["instrument"], Counter())[int(trade["sequence"])] += 1
        for candle in event.get("candles", ()):
            if candle["status"] != "PROVISIONAL":
                key = (subscription, event["instrument"], candle["openTime"])
                self.candles.setdefault(key, []).append(candle["tradeCount"])
        if event.get("omitted"):
            self.errors.append(f"left out: {event}")
        self.cursors[subscription] = event["cursor"]


@dataclass(frozen=True, slots=True)
class Client:
    """Three subscriptions on a socket, at one server after the other."""

    ports: Sequence[int]
    keys: Sequence[str]
    told: Told

    async def follow(self, port: int, seconds: float) -> None:
        """For so long, then the connection is cut."""
        url = f"ws://127.0.0.1:{port}/graphql"
        async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], max_size=None) as socket:
            await socket.send(json.dumps({"type": "connection_init"}))
            await socket.recv()
            await self._subscribe(socket)
            self.told.sessions += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._take(socket)
            socket.transport.abort()

    async def _subscribe(self, socket: ClientConnection) -> None:
        for name, query in (("trades", TRADES), *((width, CANDLES) for width in WIDTHS)):
            variables = {"keys": self.keys, "every": name, "after": self.told.cursors.get(name)}
            payload = {"query": query, "variables": variables}
            await socket.send(json.dumps({"id": name, "type": "subscribe", "payload": payload}))

    async def _take(self, socket: ClientConnection) -> None:
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == "next" and not message["payload"].get("errors"):
                self.told.note(message["id"], message["payload"])
            elif message["type"] != "pong":
                self.told.errors.append(message)

    async def until_quiet(self, seconds: float) -> None:
        """A last session, until nothing has come for a while."""
        before = -1
        while before != self.told.events:
            before = self.told.events
            await self.follow(self.ports[0], seconds)


@dataclass
class Feeder:
    """Commits trades of now and of before, each commit one instrument's."""

    database: Database
    instruments: Sequence[Instrument]
    chance: random.Random
    sequences: dict[str, int] = field(default_factory=dict)
    enough: bool = False

    async def feed(self, rate: float) -> None:
        """Until it is enough: a commit that is cancelled may have been made all the same."""
        for number in cycle(range(6)):
            if self.enough:
                return
            await self.commit(late=number == 5)
            await asyncio.sleep(self.chance.uniform(0, 2 / rate))

    async def commit(self, *, late: bool) -> None:
        instrument = self.chance.choice(self.instruments)
        key, now = str(instrument.key), datetime.now(UTC)
        ago = self.chance.uniform(1, PAST.total_seconds()) if late else 0.0
        first = self.sequences.get(key, 0) + 1
        trades = [
            Trade(number, Decimal(5), Decimal(1), Side.BUY, now - timedelta(seconds=ago))
            for number in range(first, first + self.chance.randint(1, 3))
        ]
        await Trades(self.database).insert(delivery(instrument, trades, now))
        self.sequences[key] = trades[-1].sequence


async def run(plan: Plan, folder: Path) -> tuple[Told, list[str]]:
    """Do it: what the client was told, and what is wrong with it."""
    with private_services(folder) as private:
        assert private.database is not None
        assert private.redis is not None
        await migrate(private.database)
        ports = [free_port(), free_port()]
        known = {
            "CANDLEWICK_DATA_DIR": str(folder),
            "CANDLEWICK_DATABASE__URL": private.database,
            "CANDLEWICK_REDIS__URL": private.redis,
            "CANDLEWICK_STORAGE__ALLOWED_LATENESS": str(LATENESS.total_seconds()),
        }
        relay = Program("relay", (*CANDLEWICK, "worker", "--only", "relay"), known, folder / "relay.log")
        servers = [
            Program("server", (*CANDLEWICK, "serve", "--port", str(port)), known, folder / f"server{port}.log")
            for port in ports
        ]
        async with _database(private.database) as database:
            with running([relay, *servers]):
                await asyncio.gather(*map(_ready, ports))
                return await _run(plan, database, relay, ports)


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Database]:
    database = await Database.open(url, application_name="cuts")
    try:
        yield database
    finally:
        await database.close()


async def _ready(port: int) -> None:
    async with asyncio.timeout(120), httpx.AsyncClient() as client:
        while True:
            with suppress(httpx.HTTPError):
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                    return
            await asyncio.sleep(0.2)


async def _run(plan: Plan, database: Database, relay: Program, ports: Sequence[int]) -> tuple[Told, list[str]]:
    chance = random.Random(plan.seed)
    instruments = [await new_instrument(database, venue="cuts") for _ in range(2)]
    keys = [str(each.key) for each in instruments]
    feeder, told = Feeder(database, instruments, chance), Told()
    for _ in range(20):
        await feeder.commit(late=True)
    client, began = Client(ports, keys, told), datetime.now(UTC)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feeder.feed(plan.rate))
        while "trades" not in told.cursors:  # without a cursor a session begins with what comes then
            await client.follow(ports[0], 3)
        killing = tasks.create_task(_kill(relay, plan.kill_every))
        for number in range(plan.cuts):
            with suppress(OSError, WebSocketException, TimeoutError):
                await client.follow(ports[number % 2], chance.uniform(0, plan.longest))
        feeder.enough = True
        killing.cancel()
    relay.ensure()
    await asyncio.sleep(5 + LATENESS.total_seconds())
    await client.until_quiet(4)
    return told, [
        *told.errors,
        *_trades_wrong(told, feeder),
        *await _candles_wrong(told, ports[1], keys, began),
    ]


async def _kill(relay: Program, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        await asyncio.to_thread(relay.hurt, signal.SIGKILL, 0)
        relay.ensure()


def _trades_wrong(told: Told, feeder: Feeder) -> list[str]:
    wrong = []
    for key, last in feeder.sequences.items():
        found = told.trades.get(key, Counter())
        expected = Counter(range(min(found, default=1), last + 1))
        if found != expected:
            wrong.append(f"{key}: missed {sorted(expected - found)[:5]}, too many {sorted(found - expected)[:5]}")
    return wrong


async def _candles_wrong(told: Told, port: int, keys: Sequence[str], began: datetime) -> list[str]:
    """Each state once, in order, and in the end the one that is stored."""
    wrong = [f"{key} was told with {counts}" for key, counts in told.candles.items() if counts != sorted(set(counts))]
    window = {"from": (began - 2 * PAST).isoformat(), "to": (began + timedelta(hours=1)).isoformat()}
    async with httpx.AsyncClient(timeout=60) as http:
        for key in keys:
            for width in WIDTHS:
                variables = {"key": key, "every": width, "range": window}
                answer = await http.post(
                    f"http://127.0.0.1:{port}/graphql", json={"query": STORED, "variables": variables}
                )
                for candle in answer.json()["data"]["instrument"]["candles"]["nodes"]:
                    counts = told.candles.get((width, key, candle["openTime"]))
                    if candle["status"] == "PROVISIONAL":
                        continue
                    if counts is None and _changed(candle, began):
                        wrong.append(f"{width} {key} {candle} was not told")
                    elif counts is not None and counts[-1] != candle["tradeCount"]:
                        wrong.append(f"{width} {key} {candle} was told last with {counts[-1]}")
    return wrong


def _changed(candle: dict[str, Any], began: datetime) -> bool:
    """Whether it must have been told: those that closed before may not have changed since."""
    return datetime.fromisoformat(candle["openTime"]) >= began

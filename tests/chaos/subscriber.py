"""A client that follows all live trades, comes back after every fault, and resumes where it was."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

QUERY = """subscription ($instruments: [String!]!, $after: String) {
  trades(instruments: $instruments, after: $after) { ... on TradeBatch { instrument trades { sequence } cursor } }
}"""
SILENCE = 30.0


@dataclass
class Received:
    """The sequences of one instrument, as they came."""

    counts: Counter[int] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.counts)

    def compared(self, last: int) -> list[str]:
        """What is wrong, given the last sequence that is stored: from the first that came, each must have come once."""
        first = min(self.counts)
        missing = [number for number in range(first, last + 1) if number not in self.counts]
        twice = [number for number, count in self.counts.items() if count > 1]
        wrong = []
        if missing:
            wrong.append(f"the subscriber missed {len(missing)} trades from {missing[0]} on")
        if twice:
            wrong.append(f"the subscriber was told {len(twice)} trades twice, such as {twice[0]}")
        return wrong


@dataclass
class Subscriber:
    """Exactly once is what it should see, over all its connections."""

    url: str
    instruments: list[str]
    query: str = QUERY
    received: dict[str, Received] = field(default_factory=dict)
    cursor: str | None = None
    connections: int = 0
    errors: list[Any] = field(default_factory=list)
    events: int = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._follow()
            except (OSError, WebSocketException, TimeoutError):
                await asyncio.sleep(0.2)

    async def until_quiet(self) -> None:
        """Wait until nothing comes any more."""
        before = -1
        while before != self.events:
            before = self.events
            await asyncio.sleep(6)

    async def _follow(self) -> None:
        protocol = Subprotocol("graphql-transport-ws")
        async with connect(self.url, subprotocols=[protocol], max_size=None, open_timeout=5) as socket:
            await socket.send(json.dumps({"type": "connection_init"}))
            await asyncio.wait_for(socket.recv(), 10)
            variables = {"instruments": self.instruments, "after": self.cursor}
            payload = {"query": self.query, "variables": variables}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            self.connections += 1
            await self._take(socket)

    async def _take(self, socket: ClientConnection) -> None:
        while True:
            message = json.loads(await asyncio.wait_for(socket.recv(), SILENCE))
            match message["type"]:
                case "next" if not message["payload"].get("errors"):
                    event = message["payload"]["data"]["trades"]
                    self.note(event)
                    self.cursor = event["cursor"]
                    self.events += 1
                case "ping":
                    await socket.send('{"type":"pong"}')
                case _:
                    self.errors.append(message)
                    await asyncio.sleep(0.5)
                    return

    def note(self, event: dict[str, Any]) -> None:
        """Take one event's trades."""
        received = self.received.setdefault(event["instrument"], Received())
        received.counts.update(int(trade["sequence"]) for trade in event["trades"])

"""Subscribers by the thousand in one process: sockets, frames and counting, with nothing on top that costs."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import sys
import time
from array import array
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import cast

import orjson
import uvloop

TRIES = 5


def more_files() -> None:
    """As many sockets as the machine allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@dataclass
class Counts:
    """What the subscribers saw while they were measured."""

    connected: int = 0
    connect_seconds: float = 0.0
    refused: dict[str, int] = field(default_factory=dict)
    """Why connections ended before they were acknowledged; each was tried again."""
    messages: int = 0
    lost: int = 0
    twice: int = 0
    lagged: int = 0
    closed: dict[str, int] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)


class Crowd:
    """All subscribers to the trades of one instrument, whose sequences grow by one."""

    def __init__(self, port: int, query: str) -> None:
        self.port = port
        self.subscribe = orjson.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}})
        self.counts = Counts()
        self.closed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.late = array("d")
        self.measuring = False
        self._payload: tuple[bytes, list[int], float] = (b"", [], 0.0)

    def read(self, payload: bytes) -> tuple[list[int], float]:
        """Sequences and the first trade's time; the same bytes for everybody are decoded once."""
        if payload != self._payload[0]:
            event = orjson.loads(payload)["payload"]["data"]["trades"]
            trades = event.get("trades", [])
            self.counts.lagged += "events" in event
            at = time.mktime(time.strptime(trades[0]["ts"][:19], "%Y-%m-%dT%H:%M:%S")) if trades else 0.0
            fraction = float("0." + (trades[0]["ts"][20:-1] or "0")) if trades else 0.0
            self._payload = (payload, [int(trade["sequence"]) for trade in trades], at + fraction)
        return self._payload[1], self._payload[2]


class Subscriber(asyncio.Protocol):
    """One of them."""

    def __init__(self, crowd: Crowd, *, deaf: bool, ready: asyncio.Future[bool]) -> None:
        self.crowd = crowd
        self.deaf = deaf
        self.ready = ready
        self.buffer = b""
        self.upgraded = False
        self.why = ""
        self.last: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self.crowd.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.crowd.refused[self.why or ("lost" if exc else "closed")] += 1
            self.ready.set_result(False)
        elif not self.deaf:
            self.crowd.closed["lost" if exc else "closed"] += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.upgraded:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head.split(b"\r\n")[0], head
            self.upgraded, self.buffer = True, rest
            self.send(0x1, b'{"type":"connection_init"}')
        while (frame := self.next_frame()) is not None:
            self.take(*frame)

    def next_frame(self) -> tuple[int, bytes] | None:
        buffer = self.buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4]), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10]), 10
        if len(buffer) < start + size:
            return None
        self.buffer = buffer[start + size :]
        return buffer[0] & 0x0F, buffer[start : start + size]

    def send(self, kind: int, payload: bytes) -> None:
        """A frame as clients send it; a mask of zeros leaves it as it is."""
        size = len(payload)
        head = bytes((0x80 | kind, 0x80 | size)) if size < 126 else bytes((0x80 | kind, 0xFE)) + size.to_bytes(2)
        self.transport.write(head + bytes(4) + payload)

    def take(self, kind: int, payload: bytes) -> None:
        if kind == 0x9:
            self.send(0xA, payload)
        elif kind == 0x8:
            self.why = f"{int.from_bytes(payload[:2])} {payload[2:].decode()}"
            if self.ready.done() and not self.deaf:
                self.crowd.closed[self.why] += 1
            self.transport.close()
        elif payload.startswith(b'{"type":"next"'):
            self.hear(payload)
        elif payload.startswith(b'{"type":"connection_ack"'):
            self.send(0x1, self.crowd.subscribe)
            if self.deaf:
                self.transport.pause_reading()
            self.ready.set_result(True)
        else:
            self.crowd.closed[payload[:60].decode()] += 1

    def hear(self, payload: bytes) -> None:
        crowd = self.crowd
        sequences, at = crowd.read(payload)
        for sequence in sequences:
            if self.last is not None and sequence != self.last + 1:
                crowd.counts.lost += max(sequence - self.last - 1, 0)
                crowd.counts.twice += sequence <= self.last
            self.last = max(sequence, self.last or 0)
        if crowd.measuring:
            crowd.counts.messages += 1
            if at:
                crowd.late.append(time.time() - at)


async def gather(crowd: Crowd, count: int, *, deaf: int, a_second: float) -> list[Subscriber]:
    """Connect them all, at that rate."""
    loop, waiting = asyncio.get_running_loop(), list[asyncio.Task[Subscriber]]()
    began = loop.time()
    for number in range(count + deaf):
        waiting.append(loop.create_task(joined(crowd, number, deaf=number >= count)))
        await asyncio.sleep(max(began + number / a_second - loop.time(), 0))
    subscribers = await asyncio.gather(*waiting)
    crowd.counts.connected = len(subscribers)
    crowd.counts.connect_seconds = round(loop.time() - began, 2)
    return subscribers


async def joined(crowd: Crowd, number: int, *, deaf: bool) -> Subscriber:
    """A subscriber that the server has acknowledged."""
    loop = asyncio.get_running_loop()
    address = (f"127.0.{number // 20_000 + 1}.{number % 200 + 1}", 0)
    for _ in range(TRIES):
        ready: asyncio.Future[bool] = loop.create_future()
        subscriber = Subscriber(crowd, deaf=deaf, ready=ready)
        try:
            await loop.create_connection(
                lambda each=subscriber: each,  # type: ignore[misc]
                "127.0.0.1",
                crowd.port,
                local_addr=address,
            )
        except OSError as error:
            crowd.refused[str(error)] += 1
            await asyncio.sleep(1)
            continue
        if await ready:
            return subscriber
    raise ConnectionError(f"not let in: {dict(crowd.refused)}")


async def main(port: int, count: int, deaf: int, a_second: float, query: str) -> None:
    """Say when all are connected; measure from the first line of the input to the second; say what was seen."""
    loop = asyncio.get_running_loop()
    crowd = Crowd(port, query)
    subscribers = await gather(crowd, count, deaf=deaf, a_second=a_second)
    print("connected", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    crowd.measuring = True
    await loop.run_in_executor(None, sys.stdin.readline)
    crowd.measuring = False
    late = sorted(crowd.late)
    if late:
        crowd.counts.milliseconds = {
            name: round(late[min(int(len(late) * share), len(late) - 1)] * 1000, 1)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
        }
    crowd.counts.closed, crowd.counts.refused = dict(crowd.closed), dict(crowd.refused)
    print(json.dumps(asdict(crowd.counts)), flush=True)
    for subscriber in subscribers:
        subscriber.transport.abort()


if __name__ == "__main__":
    more_files()
    os.environ["TZ"] = "UTC"
    time.tzset()
    _, _port, _count, _deaf, _a_second, _query = sys.argv
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(_port), int(_count), int(_deaf), float(_a_second), _query))

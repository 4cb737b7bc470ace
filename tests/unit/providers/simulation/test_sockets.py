"""A socket whose client does not read: it loses its place, nobody waits for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from starlette.websockets import WebSocket

from candlewick.providers.binance.simulator import SimulatorOptions
from candlewick.providers.binance.simulator.dialogue import BinanceDialogue
from candlewick.providers.binance.simulator.parcels import BinanceFeed, Form
from candlewick.providers.binance.simulator.wire import TimeUnit
from candlewick.providers.simulation.emitter import Emitter
from candlewick.providers.simulation.exchange import Exchange
from candlewick.providers.simulation.faults import Faults
from candlewick.providers.simulation.ledger import Ledger
from candlewick.providers.simulation.sockets import Socket
from markets import FrozenClock
from simulated import NOW, load_market
from working import HANGS

RATE = 10


class StuckClient:
    """Opens a socket, takes so many messages, and then no more."""

    def __init__(self, takes: int) -> None:
        self.left = takes
        self.got: list[dict[str, Any]] = []
        self.opened = asyncio.Event()
        self._connects = [{"type": "websocket.connect"}]

    async def receive(self) -> dict[str, Any]:
        if self._connects:
            return self._connects.pop()
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            self.left -= 1
            if self.left < 0:
                await asyncio.Event().wait()
        self.got.append(message)
        self.opened.set()


async def test_a_client_that_does_not_read_loses_its_socket() -> None:
    clock, faults, ledger, options = FrozenClock(NOW), Faults(1), Ledger(), SimulatorOptions(waiting_frames=50)
    exchange = Exchange([load_market(RATE)], clock, faults.gone, faults.skew)
    emitter = Emitter(exchange, faults, options, BinanceFeed(exchange, options))
    client = StuckClient(takes=3)
    websocket = WebSocket({"type": "websocket", "path": "/ws"}, client.receive, client.send)
    dialogue = BinanceDialogue(Form(TimeUnit.MILLISECOND, is_combined=False), ["btcusdt@trade"])
    socket = Socket(websocket, "/ws", emitter, faults, ledger, options, dialogue)

    async with asyncio.timeout(HANGS):
        serving = asyncio.create_task(socket.serve())
        await client.opened.wait()
        while not serving.done():
            clock.moment += timedelta(seconds=1)
            emitter.hand_out(emitter.step())
            await asyncio.sleep(0)
        await serving

    assert [message["type"] for message in client.got] == ["websocket.accept"] + ["websocket.send"] * 3
    assert ledger.shown()["BTCUSDT"]["rows"] == {"stream": 3}
    assert emitter.sockets == 0

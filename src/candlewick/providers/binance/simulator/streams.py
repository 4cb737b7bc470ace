"""The websocket endpoints: which streams a client asks for by its address.

Source: binance-spot-api-docs, web-socket-streams.md, "General WSS information".
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from candlewick.providers.binance.simulator.emitter import Emitter
from candlewick.providers.binance.simulator.faults import Faults
from candlewick.providers.binance.simulator.injection import target_of
from candlewick.providers.binance.simulator.ledger import Ledger
from candlewick.providers.binance.simulator.options import SimulatorOptions
from candlewick.providers.binance.simulator.parameters import time_unit
from candlewick.providers.binance.simulator.refusal import Refusal
from candlewick.providers.binance.simulator.sockets import Socket


@dataclass(frozen=True, slots=True)
class Streams:
    """Opens sockets."""

    emitter: Emitter
    faults: Faults
    ledger: Ledger
    options: SimulatorOptions

    def routes(self) -> list[WebSocketRoute]:
        return [
            WebSocketRoute("/ws", self._raw),
            WebSocketRoute("/ws/{streams:path}", self._raw),
            WebSocketRoute("/stream", self._combined),
        ]

    async def _raw(self, websocket: WebSocket) -> None:
        await self._serve(websocket, websocket.path_params.get("streams", ""), combined=False)

    async def _combined(self, websocket: WebSocket) -> None:
        await self._serve(websocket, websocket.query_params.get("streams", ""), combined=True)

    async def _serve(self, websocket: WebSocket, streams: str, *, combined: bool) -> None:
        try:
            unit = time_unit(websocket.query_params.get("timeUnit"))
        except Refusal as exc:
            await websocket.send_denial_response(PlainTextResponse(exc.message, exc.status))
            return
        if self.emitter.sockets >= self.options.sockets:
            await websocket.send_denial_response(PlainTextResponse("too many connections", 429))
            return
        socket = Socket(
            websocket, target_of(websocket.scope), self.emitter, self.faults, self.ledger, self.options,
            unit=unit, combined=combined,
        )  # fmt: skip
        await socket.serve([stream for stream in streams.split("/") if stream])

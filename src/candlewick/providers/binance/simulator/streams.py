"""The websocket endpoints: which streams a client asks for by its address.

Source: binance-spot-api-docs, web-socket-streams.md, "General WSS information".
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from candlewick.providers.binance.simulator.dialogue import BinanceDialogue
from candlewick.providers.binance.simulator.parameters import time_unit
from candlewick.providers.binance.simulator.parcels import Form
from candlewick.providers.binance.simulator.refusal import Refusal
from candlewick.providers.simulation.sockets import Sockets


@dataclass(frozen=True, slots=True)
class Streams:
    """Raw and combined streams."""

    sockets: Sockets[Form]

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
        named = [stream for stream in streams.split("/") if stream]
        await self.sockets.serve(websocket, BinanceDialogue(Form(unit, combined), named))

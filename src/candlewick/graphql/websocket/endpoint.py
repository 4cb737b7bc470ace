"""The /graphql endpoint over websockets: who may connect, and how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from candlewick.graphql.http.access import address_of
from candlewick.graphql.http.origins import is_named, is_ours
from candlewick.graphql.http.pace import TooFast
from candlewick.graphql.http.responses import refused
from candlewick.graphql.websocket.channel import Channel
from candlewick.graphql.websocket.session import Session, Shared

log = structlog.get_logger(__name__)

PROTOCOL: Final = "graphql-transport-ws"
_LONGEST_SHOWN: Final = 100


@dataclass(slots=True)
class SocketEndpoint:
    """Accepts sockets and serves a session on each."""

    shared: Shared
    origins: Sequence[str]
    """Whose pages may connect, beside ours: browsers let any page, with what it can guess."""
    _open: int = 0

    async def __call__(self, websocket: WebSocket) -> None:
        """Serve the socket until it ends."""
        if not self._may_ask(websocket):
            log.warning("socket_refused", origin=websocket.headers["origin"][:_LONGEST_SHOWN])
            await websocket.close()  # before it is accepted: the handshake's answer has status 403
            return
        try:
            await self.shared.access.count(websocket)
        except TooFast as exc:
            await websocket.send_denial_response(refused(exc))
            return
        self._open += 1
        self.shared.execution.metrics.sockets.inc()
        try:
            await self._serve(websocket)
        except WebSocketDisconnect:
            log.debug("socket_gone")
        finally:
            self._open -= 1
            self.shared.execution.metrics.sockets.dec()

    async def _serve(self, websocket: WebSocket) -> None:
        if PROTOCOL not in websocket.scope.get("subprotocols", ()):
            await websocket.accept()
            await websocket.close(4406, f"Subprotocol not acceptable: {PROTOCOL} is served")
            return
        await websocket.accept(PROTOCOL)
        if self._open > (most := self.shared.limits.sockets):
            await websocket.close(1013, f"Too many websockets are open, at most {most}: try again later")
            return
        channel = Channel(websocket, self.shared.limits)
        await Session(channel, self.shared, websocket.headers, address_of(websocket)).run()

    def _may_ask(self, websocket: WebSocket) -> bool:
        origin = websocket.headers.get("origin")
        return origin is None or is_ours(websocket) or is_named(origin, self.origins)

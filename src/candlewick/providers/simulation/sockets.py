"""One client's socket: what waits to be sent, and how it ends. What is said on it is the venue's matter."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable, Sequence
from typing import Final, Protocol

import structlog
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from candlewick.providers.simulation.emitter import GOING_AWAY, Emitter
from candlewick.providers.simulation.faults import OF_SOCKETS, Fault, Faults
from candlewick.providers.simulation.injection import target_of
from candlewick.providers.simulation.ledger import Channel, Ledger
from candlewick.providers.simulation.options import SimulationOptions
from candlewick.providers.simulation.parcels import Parcel

log = structlog.get_logger(__name__)

POLICY_VIOLATION: Final = 1008
_GOODBYE_SECONDS: Final = 1.0


class Goodbye(Exception):
    """The socket ends here."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason
        """Without a code the connection just breaks."""


class Subscriber(Protocol):
    """A socket, as the conversation on it sees it."""

    @property
    def streams(self) -> Sequence[str]:
        """What it is subscribed to, in that order."""

    def subscribe(self, streams: Sequence[str]) -> None:
        """Raises Goodbye if it becomes too many."""

    def unsubscribe(self, streams: Sequence[str]) -> None: ...


class Dialogue[Form: Hashable](Protocol):
    """What a venue says on one socket. Either method may end it by raising Goodbye."""

    @property
    def form(self) -> Form:
        """How this client's messages are written."""

    async def begin(self, subscriber: Subscriber) -> Sequence[str | Parcel[Form]]:
        """What is said at once, when the socket is open."""

    async def answer(self, subscriber: Subscriber, text: str) -> Sequence[str | Parcel[Form]]:
        """What is said to a message of the client."""


class Socket[Form: Hashable]:
    """A Listener and Subscriber that sends what it is offered, in order, as fast as its client reads."""

    def __init__(
        self, websocket: WebSocket, target: str, emitter: Emitter[Form], faults: Faults, ledger: Ledger,
        options: SimulationOptions, dialogue: Dialogue[Form],
    ) -> None:  # fmt: skip
        self.target = target
        self._websocket = websocket
        self._emitter = emitter
        self._faults = faults
        self._ledger = ledger
        self._options = options
        self._dialogue = dialogue
        self._streams: dict[str, None] = {}
        self._subscribed = asyncio.Event()
        self._waiting: deque[Parcel[Form] | str] = deque()
        self._size = 0
        self._fresh = asyncio.Event()
        self._ended: asyncio.Future[Goodbye] = asyncio.get_running_loop().create_future()
        self._silent_until: float | None = None

    async def serve(self) -> None:
        """Deliver until one of the two ends it; more sockets than there may be are not let in."""
        if self._emitter.sockets >= self._options.sockets:
            await self._websocket.send_denial_response(PlainTextResponse("too many connections", 429))
            return
        await self._websocket.accept()
        self._emitter.join(self)
        try:
            self._say(await self._dialogue.begin(self))
            async with asyncio.TaskGroup() as group:
                for part in (self._listen(), self._deliver(), self._age(), self._wait_for_subscription()):
                    group.create_task(part)
        except* Goodbye as goodbyes:
            goodbye = next(error for error in goodbyes.exceptions if isinstance(error, Goodbye))
            await self._part(goodbye)
        except* WebSocketDisconnect:
            log.debug("socket_left", target=self.target)
        finally:
            self._emitter.leave(self)

    @property
    def streams(self) -> Sequence[str]:
        """See `Subscriber.streams`."""
        return list(self._streams)

    def subscribe(self, streams: Sequence[str]) -> None:
        """See `Subscriber.subscribe`."""
        self._streams.update(dict.fromkeys(streams))
        if len(self._streams) > self._options.streams_per_socket:
            raise Goodbye(POLICY_VIOLATION, "Invalid request: too many subscriptions")
        for stream in streams:
            self._emitter.subscribe(self, stream)
            self._subscribed.set()

    def unsubscribe(self, streams: Sequence[str]) -> None:
        """See `Subscriber.unsubscribe`."""
        for stream in streams:
            self._streams.pop(stream, None)
            self._emitter.unsubscribe(self, stream)

    def offer(self, parcel: Parcel[Form]) -> None:
        """See `Listener.offer`."""
        if self._size + parcel.size > self._options.waiting_frames:
            self.end(None, "it reads too slowly")
            return
        self._size += parcel.size
        self._waiting.append(parcel)
        self._fresh.set()

    def end(self, code: int | None, reason: str) -> None:
        """See `Listener.end`. Without a code the connection just breaks."""
        if not self._ended.done():
            self._ended.set_result(Goodbye(code, reason))

    def _say(self, messages: Sequence[str | Parcel[Form]]) -> None:
        for message in messages:
            if isinstance(message, str):
                self._waiting.append(message)
                self._fresh.set()
            else:
                self.offer(message)

    async def _part(self, goodbye: Goodbye) -> None:
        log.info("socket_ended", target=self.target, code=goodbye.code, reason=goodbye.reason)
        if goodbye.code is None:
            return
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._websocket.close(goodbye.code, goodbye.reason)
        except (TimeoutError, WebSocketDisconnect, RuntimeError) as exc:
            log.debug("socket_unreachable", target=self.target, reason=str(exc))

    async def _age(self) -> None:
        """End the socket when its time is over, or when somebody says so."""
        try:
            async with asyncio.timeout(self._options.life.total_seconds()):
                raise await self._ended
        except TimeoutError as exc:
            raise Goodbye(GOING_AWAY, "its life is over") from exc

    async def _wait_for_subscription(self) -> None:
        """End the socket of a client who wants nothing, where the venue does so."""
        if self._options.subscribe_within is None:
            return
        try:
            async with asyncio.timeout(self._options.subscribe_within.total_seconds()):
                await self._subscribed.wait()
        except TimeoutError as exc:
            raise Goodbye(POLICY_VIOLATION, "it subscribed to nothing") from exc

    async def _listen(self) -> None:
        """Answer the client's messages; not more than a few a second."""
        loop, arrivals = asyncio.get_running_loop(), deque[float](maxlen=self._options.messages_per_second)
        while True:
            text = await self._received()
            if len(arrivals) == arrivals.maxlen and loop.time() - arrivals[0] < 1:
                raise Goodbye(POLICY_VIOLATION, "Too many requests")
            arrivals.append(loop.time())
            self._say(await self._dialogue.answer(self, text))

    async def _received(self) -> str:
        """The next message; one in bytes is read like text, as nobody said what it would mean."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        text: str | None = message.get("text")
        return message["bytes"].decode("utf-8", "replace") if text is None else text

    async def _deliver(self) -> None:
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            while self._waiting:
                item = self._waiting.popleft()
                if isinstance(item, str):
                    await self._send(item)
                else:
                    self._size -= item.size
                    await self._deliver_parcel(item)

    async def _deliver_parcel(self, parcel: Parcel[Form]) -> None:
        rule = self._faults.strike(OF_SOCKETS, self.target)
        fault, seconds = (rule.order.fault, rule.order.duration) if rule else (None, None)
        now = asyncio.get_running_loop().time()
        if fault is Fault.SILENT:
            self._silent_until = float("inf") if seconds is None else now + seconds
        if self._silent_until is not None and now < self._silent_until:
            return
        frames = parcel.frames(self._dialogue.form)
        if fault is Fault.MALFORMED:
            await self._send(frames[0][: len(frames[0]) // 2])
        await self._send_all(parcel, frames[: len(frames) // 2] if fault is Fault.CUT else frames)
        if fault is Fault.CUT:
            raise Goodbye(None, "cut")

    async def _send_all(self, parcel: Parcel[Form], frames: list[str]) -> None:
        """What was sent goes into the ledger, also where the client leaves in between."""
        sent = 0
        try:
            for frame in frames:
                await self._send(frame)
                sent += 1
        finally:
            self._ledger.record(Channel.STREAM, parcel.symbol, parcel.carried(sent))

    async def _send(self, text: str) -> None:
        await self._websocket.send({"type": "websocket.send", "text": text})


class Sockets[Form: Hashable]:
    """Opens sockets."""

    def __init__(self, emitter: Emitter[Form], faults: Faults, ledger: Ledger, options: SimulationOptions) -> None:
        self._emitter = emitter
        self._faults = faults
        self._ledger = ledger
        self._options = options

    async def serve(self, websocket: WebSocket, dialogue: Dialogue[Form]) -> None:
        """Serve one client until it is over."""
        target = target_of(websocket.scope)
        socket = Socket(websocket, target, self._emitter, self._faults, self._ledger, self._options, dialogue)
        await socket.serve()

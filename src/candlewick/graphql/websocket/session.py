"""A client's session on one socket: the protocol's states, its operations, and how both end."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from secrets import token_hex

import structlog
from starlette.datastructures import Headers

from candlewick.domain.access import ApiKey
from candlewick.domain.errors import ServiceError
from candlewick.graphql.errors import fault, internal
from candlewick.graphql.execution import Answer, Execution, NotExecutable, Operation
from candlewick.graphql.http.access import Access, secret_of
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.http.pace import TooFast
from candlewick.graphql.parameters import Parameters
from candlewick.graphql.websocket import closing
from candlewick.graphql.websocket.channel import Channel
from candlewick.graphql.websocket.closing import SocketClosed, SocketGone
from candlewick.graphql.websocket.messages import (
    Complete,
    ConnectionInit,
    InvalidMessage,
    Ping,
    Pong,
    Subscribe,
    parse,
)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Caller:
    """Who asks on this socket, once they have said so."""

    secret: str | None
    key: ApiKey | None


@dataclass(slots=True)
class Session:
    """From the socket's acceptance to its end. Nothing of it outlives `run`."""

    channel: Channel
    execution: Execution
    access: Access
    headers: Headers
    address: str
    """Where the socket comes from, as far as that can be told."""
    _caller: Caller | None = None
    _acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Serve the client until either side has enough; then cancel what runs, and close."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch_caller())
                while True:
                    await self._take(await self.channel.receive(), tasks)
        except* SocketGone:
            log.debug("socket_gone")
        except* SocketClosed as group:
            await self.channel.close(_first(group))
        except* Exception:  # the last resort: logged in full, told in brief
            log.exception("socket_failed")
            await self.channel.close(closing.broken())

    async def _take(self, text: str, tasks: asyncio.TaskGroup) -> None:
        try:
            message = parse(text)
        except InvalidMessage as exc:
            raise closing.invalid(str(exc)) from exc
        match message:
            case ConnectionInit(payload):
                await self._begin(payload)
            case Ping():
                await self.channel.send("pong")
            case Pong():
                pass
            case Subscribe(operation_id, parameters):
                await self._start(operation_id, parameters, tasks)
            case Complete(operation_id):
                if (running := self._running.pop(operation_id, None)) is not None:
                    running.cancel()

    async def _begin(self, payload: dict[str, object]) -> None:
        if self._caller is not None:
            raise closing.too_many_inits()
        secret = _secret(payload, self.headers)
        self._caller = Caller(secret, None)
        try:
            await self.access.pace.spend(None, secret)
            self._caller.key = await self.access.check(secret)
        except TooFast as exc:
            raise closing.too_fast(exc.message) from exc
        except HttpFault as exc:
            raise closing.forbidden(exc.message) from exc
        except ServiceError as exc:
            log.warning("service_unavailable", reason=str(exc))
            raise closing.try_later() from exc
        await self.channel.send("connection_ack")
        self._acknowledged.set()

    async def _watch_caller(self) -> None:
        """End the session if nobody says who they are, or if their key is no good any more."""
        limits = self.execution.documents.limits
        try:
            async with asyncio.timeout(limits.init_seconds):
                await self._acknowledged.wait()
        except TimeoutError as exc:
            raise closing.init_timed_out() from exc
        while self._caller is not None and self._caller.secret is not None:
            await asyncio.sleep(limits.key_check_seconds)
            try:
                self._caller.key = await self.access.check(self._caller.secret)
            except HttpFault as exc:
                raise closing.forbidden(exc.message) from exc
            except ServiceError as exc:  # a database that is away says nothing about the key
                log.warning("key_not_checked", reason=str(exc))

    async def _start(self, operation_id: str, parameters: Parameters, tasks: asyncio.TaskGroup) -> None:
        if self._caller is None:
            raise closing.unauthorized()
        if operation_id in self._running:
            raise closing.already_exists(operation_id)
        most = self.execution.documents.limits.socket_operations
        if len(self._running) >= most:
            message = f"a websocket runs at most {most} operations at the same time: complete one, or open another"
            error = fault(message, "BAD_USER_INPUT", limit=most, actual=len(self._running) + 1)
            await self.channel.send("error", operation_id, [error])
            return
        self._running[operation_id] = tasks.create_task(self._run(operation_id, parameters, self._caller))

    async def _run(self, operation_id: str, parameters: Parameters, caller: Caller) -> None:
        """Answer one operation. Its last message frees its id, before it is sent."""
        trace_id = token_hex(8)
        with structlog.contextvars.bound_contextvars(trace_id=trace_id):
            try:
                refusal = await self._answer(operation_id, parameters, caller, trace_id)
            except (SocketGone, SocketClosed):
                raise
            except Exception:  # the last resort: logged in full, told in brief
                log.exception("operation_failed", trace_id=trace_id)
                refusal = Answer(errors=[internal(trace_id)], executed=False)
        if self._running.get(operation_id) is asyncio.current_task():
            del self._running[operation_id]
        if refusal is None:
            await self.channel.send("complete", operation_id)
        else:
            await self.channel.send("error", operation_id, refusal.errors)

    async def _answer(self, operation_id: str, parameters: Parameters, caller: Caller, trace_id: str) -> Answer | None:
        """Send what the operation answers; the answer that is an error of all of it, if there is one."""
        try:
            await self.access.pace.spend(self.address, caller.secret)
        except TooFast as exc:
            return Answer(errors=[fault(exc.message, exc.code, **exc.facts)], executed=False)
        try:
            operation = Operation.of(self.execution.documents.asked(parameters, caller.key), parameters)
        except NotExecutable as exc:
            return Answer(errors=exc.errors, executed=False)
        if not operation.streams:
            answer = await self.execution.run(operation, caller.key, trace_id)
            if not answer.executed:
                return answer
            await self.channel.send("next", operation_id, answer.body)
            return None
        async with aclosing(self.execution.stream(operation, lambda: caller.key, trace_id)) as answers:
            async for answer in answers:
                if not answer.executed:
                    return answer
                await self.channel.send("next", operation_id, answer.body)
        return None


def _secret(payload: dict[str, object], headers: Headers) -> str | None:
    """What the client says, in the message or, where it can, in the headers; empty if it is no text."""
    names = {"authorization": "authorization", "apikey": "x-api-key", "x-api-key": "x-api-key"}
    said = {names[key.lower()]: value for key, value in payload.items() if key.lower() in names and value is not None}
    if said:
        return secret_of({name: value if isinstance(value, str) else "" for name, value in said.items()})
    return secret_of(headers)


def _first(group: BaseExceptionGroup[SocketClosed]) -> SocketClosed:
    found = group.exceptions[0]
    return found if isinstance(found, SocketClosed) else _first(found)

"""A client's session on one socket: the protocol's states, its operations, and how both end."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

import structlog
from starlette.datastructures import Headers

from candlewick.domain.access import ApiKeyId
from candlewick.domain.errors import ServiceError
from candlewick.graphql.errors import fault, internal
from candlewick.graphql.execution import Answer, Execution, NotExecutable, Operation
from candlewick.graphql.following.follower import Follower
from candlewick.graphql.following.group import Refused, Teller
from candlewick.graphql.following.groups import Groups
from candlewick.graphql.http.access import Access, secret_of
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.http.pace import TooFast
from candlewick.graphql.parameters import Parameters
from candlewick.graphql.websocket import closing
from candlewick.graphql.websocket.callers import Caller, Callers
from candlewick.graphql.websocket.channel import Channel, Outlet
from candlewick.graphql.websocket.closing import SocketClosed, SocketGone
from candlewick.graphql.websocket.limits import SocketLimits
from candlewick.graphql.websocket.messages import (
    Complete,
    ConnectionInit,
    InvalidMessage,
    Ping,
    Pong,
    Subscribe,
    parse,
)
from candlewick.graphql.websocket.quotas import OverQuota, Quota

log = structlog.get_logger(__name__)

_CHECK_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Shared:
    """What all sessions of a process work with."""

    execution: Execution
    groups: Groups
    access: Access
    callers: Callers
    limits: SocketLimits
    sockets: Quota
    operations: Quota


@dataclass(slots=True)
class Session:
    """From the socket's acceptance to its end. Nothing of it outlives `run`."""

    channel: Channel
    shared: Shared
    headers: Headers
    address: str
    """Where the socket comes from, as far as that can be told."""
    _caller: Caller | None = None
    _acknowledged: bool = False
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _tasks: asyncio.TaskGroup = field(default_factory=asyncio.TaskGroup)
    _timer: asyncio.TimerHandle | None = None
    _held: ExitStack = field(default_factory=ExitStack)
    _over: bool = False

    async def run(self) -> None:
        """Serve the client until either side has enough; then cancel what runs, and close."""
        try:
            async with self._tasks:
                self._end_after(self.shared.limits.init_seconds, closing.init_timed_out())
                while True:
                    await self._take(await self.channel.receive())
        except* SocketGone as gone:
            self._count_shed(_first(gone).code)
        except* SocketClosed as group:
            why = _first(group)
            self._count_shed(why.code)
            await self.channel.close(why)
        except* Exception:  # the last resort: logged in full, told in brief
            log.exception("socket_failed")
            await self.channel.close(closing.broken())
        finally:
            self._over = True
            self._stop_timer()
            self._held.close()

    def _count_shed(self, code: int | None) -> None:
        if code == closing.SHED:
            log.info("socket_shed")
            self.shared.execution.metrics.shed.inc()

    def end(self, why: SocketClosed) -> None:
        """Have the socket closed, from outside of `run`."""
        if self._over:
            return
        self._over = True
        raising = _raised(why)
        try:
            self._tasks.create_task(raising)
        except RuntimeError:  # it is ending already
            raising.close()

    def _end_after(self, seconds: float, why: SocketClosed) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.end, why)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rest(self) -> None:
        """Nothing runs (any more): not for ever."""
        seconds = self.shared.limits.idle_seconds
        self._end_after(seconds, closing.idle(seconds))

    async def _take(self, text: str) -> None:
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
                await self._start(operation_id, parameters)
            case Complete(operation_id):
                if (running := self._running.pop(operation_id, None)) is not None:
                    running.cancel()
                    self._rest_if_idle()

    async def _begin(self, payload: dict[str, object]) -> None:
        if self._caller is not None:
            raise closing.too_many_inits()
        secret = _secret(payload, self.headers)
        self._caller = Caller(secret, None, self.end)
        self._end_after(_CHECK_SECONDS, closing.try_later())  # the client was in time; from here on it waits for us
        try:
            await self.shared.access.pace.spend(None, secret)
            self._caller.key = await self.shared.access.check(secret)
        except TooFast as exc:
            raise closing.too_fast(exc.message) from exc
        except HttpFault as exc:
            raise closing.forbidden(exc.message) from exc
        except ServiceError as exc:
            log.warning("service_unavailable", reason=str(exc))
            raise closing.try_later() from exc
        try:
            self._held.enter_context(self.shared.sockets.taken(self._key_id))
        except OverQuota as exc:
            raise closing.too_many(exc.limit) from exc
        self.shared.callers.add(self._caller)
        self._held.callback(self.shared.callers.remove, self._caller)
        await self.channel.send("connection_ack")
        self._acknowledged = True
        self._rest()

    @property
    def _key_id(self) -> ApiKeyId | None:
        return self._caller.key.id if self._caller is not None and self._caller.key is not None else None

    async def _start(self, operation_id: str, parameters: Parameters) -> None:
        if self._caller is None or not self._acknowledged:
            raise closing.unauthorized()
        if operation_id in self._running:
            raise closing.already_exists(operation_id)
        most = self.shared.limits.operations
        if len(self._running) >= most:
            message = f"a websocket runs at most {most} operations at the same time: complete one, or open another"
            error = fault(message, "BAD_USER_INPUT", limit=most, actual=len(self._running) + 1)
            await self.channel.send("error", operation_id, [error])
            return
        self._stop_timer()
        self._running[operation_id] = self._tasks.create_task(self._run(operation_id, parameters, self._caller))

    def _rest_if_idle(self) -> None:
        if not self._running and not self._over:
            self._rest()

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
            self._rest_if_idle()
        if refusal is None:
            await self.channel.send("complete", operation_id)
        else:
            await self.channel.send("error", operation_id, refusal.errors)

    async def _answer(self, operation_id: str, parameters: Parameters, caller: Caller, trace_id: str) -> Answer | None:
        """Send what the operation answers; the answer that is an error of all of it, if there is one."""
        try:
            await self.shared.access.pace.spend(self.address, caller.secret)
            with self.shared.operations.taken(self._key_id):
                return await self._execute(operation_id, parameters, caller, trace_id)
        except NotExecutable as exc:
            errors = exc.errors
        except Refused as exc:
            return exc.answer
        except TooFast as exc:
            errors = [fault(exc.message, exc.code, **exc.facts)]
        except OverQuota as exc:
            message = f"a key runs at most {exc.limit} operations over websockets at the same time: complete one"
            errors = [fault(message, "BAD_USER_INPUT", limit=exc.limit)]
        return Answer(errors=errors, executed=False)

    async def _execute(self, operation_id: str, parameters: Parameters, caller: Caller, trace_id: str) -> Answer | None:
        execution = self.shared.execution
        operation = Operation.of(execution.documents.asked(parameters, caller.key), parameters)
        if operation.streams:
            await self._follow(operation, Outlet(self.channel, operation_id), caller, trace_id)
            return None
        answer = await execution.run(operation, caller.key, trace_id)
        if answer.executed:
            await self.channel.send("next", operation_id, answer.body)
        return None if answer.executed else answer

    async def _follow(self, operation: Operation, outlet: Outlet, caller: Caller, trace_id: str) -> None:
        """Follow a subscription, with those who follow the same.

        Raises:
            Refused: it could not go on.
        """
        execution, groups = self.shared.execution, self.shared.groups
        follower = Follower(outlet, execution.services.clock.now)
        with execution.metrics.subscription(operation.name) as outcome:
            shared = groups.sameness(operation, caller.key)
            if shared is None:
                await follower.follow_alone(Teller(execution, operation, caller.key, trace_id))
            else:
                with groups.joined(shared, caller.key, trace_id) as group:
                    await follower.follow(group, operation if shared.resumes else None)
            outcome.failed = False


async def _raised(why: SocketClosed) -> None:
    raise why


def _secret(payload: dict[str, object], headers: Headers) -> str | None:
    """What the client says, in the message or, where it can, in the headers; empty if it is no text."""
    names = {"authorization": "authorization", "apikey": "x-api-key", "x-api-key": "x-api-key"}
    said = {names[key.lower()]: value for key, value in payload.items() if key.lower() in names and value is not None}
    if said:
        return secret_of({name: value if isinstance(value, str) else "" for name, value in said.items()})
    return secret_of(headers)


def _first[Found: Exception](group: BaseExceptionGroup[Found]) -> Found:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found

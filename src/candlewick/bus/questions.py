"""Questions for workers through Redis, answered within milliseconds: whoever asks the same waits for the same answer.

A question is given to one worker, once: what ends its worker is never tried by another, so nothing poisonous goes
round. Its text is there for as long as somebody waits, and from when a worker takes it a lease says that it lives. The
answer is a list of one element which all who wait move onto itself: all wake up at once, and it stays for the next.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from time import monotonic
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from candlewick.domain.errors import RedisUnavailable, WorkersBusy, WorkerSilent
from candlewick.ports import Question

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=2)
"""How long a worker that says nothing is taken for alive."""
LOOK: Final = timedelta(milliseconds=500)
"""How often who waits looks whether somebody is at it still."""
MOST_WAITING: Final = 64
"""Questions that one process waits for at the same time, each on a connection of its own."""
_MILLISECOND: Final = timedelta(milliseconds=1)

# KEYS: queue, asked, taken, answer. ARGV: key, body, patience, bound, what the names of asked begin with.
_ASK: Final = """
local answer = redis.call('LINDEX', KEYS[4], 0)
if answer then return {'answered', answer} end
if redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 then return {'waiting', 0} end
while true do
  local oldest = redis.call('LINDEX', KEYS[1], 0)
  if not oldest or redis.call('EXISTS', ARGV[5] .. oldest) == 1 then break end
  redis.call('LPOP', KEYS[1])
end
local waiting = redis.call('LLEN', KEYS[1])
if waiting >= tonumber(ARGV[4]) then return {'busy', waiting} end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {'waiting', waiting + 1}
"""
# KEYS: asked, taken. ARGV: token, lease.
_TAKE: Final = """
local body = redis.call('GET', KEYS[1])
if not body or not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local left = redis.call('PTTL', KEYS[1])
redis.call('DEL', KEYS[1])
return {body, left}
"""
# KEYS: answer, taken, shelf, bytes. ARGV: answer, how long, bound, what the names of answers begin with, key, how long
# the shelf is known.
_ANSWER: Final = """
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('LPUSH', KEYS[3], #ARGV[1] .. ' ' .. ARGV[5])
local bytes = redis.call('INCRBY', KEYS[4], #ARGV[1])
while bytes > tonumber(ARGV[3]) and redis.call('LLEN', KEYS[3]) > 1 do
  local size, key = string.match(redis.call('RPOP', KEYS[3]), '^(%d+) (.+)$')
  if key ~= ARGV[5] then redis.call('DEL', ARGV[4] .. key) end
  bytes = redis.call('DECRBY', KEYS[4], size)
end
redis.call('PEXPIRE', KEYS[3], ARGV[6])
redis.call('PEXPIRE', KEYS[4], ARGV[6])
return bytes
"""
_RENEW: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end"
_RELEASE: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"
_SHELF_LIFE: Final = timedelta(hours=1)
"""Longer than any answer is kept: what is on the shelf is forgotten with it."""


@dataclass(slots=True)
class _Asking:
    """A question that somebody waits for."""

    task: asyncio.Task[bytes]
    waiting: int = 0


class RedisQuestions:
    """The Questions on Redis, and how they are asked. `subject` tells apart what different workers answer."""

    def __init__(
        self,
        redis: Redis,
        subject: str,
        *,
        most: int = 256,
        patience: timedelta = timedelta(seconds=10),
        kept_bytes: int = 64_000_000,
        lease: timedelta = LEASE,
    ) -> None:
        """At most `most` questions wait, each for `patience`; answers take `kept_bytes`, then the oldest go."""
        self._redis = redis
        self._names = f"candlewick:{subject}:"
        self._most = most
        self._patience = patience
        self._kept_bytes = kept_bytes
        self._lease = lease
        self._token = token_hex(8)
        self._slots = asyncio.Semaphore(MOST_WAITING)
        self._asking: dict[str, _Asking] = {}
        self._outcomes: Counter[str] = Counter()
        self._ask, self._take, self._answer, self._renew, self._release = map(
            redis.register_script, (_ASK, _TAKE, _ANSWER, _RENEW, _RELEASE)
        )

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How often this process asked, by what came of it: kept, answered, busy, silent or unavailable."""
        return self._outcomes

    @property
    def waiting(self) -> int:
        """Questions that this process waits for now."""
        return len(self._asking)

    async def ask(self, key: str, body: bytes) -> bytes:
        """The answer. Who asks with the same key asks the same: it is worked out once, for all processes.

        Raises:
            WorkersBusy: too much is waiting.
            WorkerSilent: nobody took it in time, or who did has ended. It is not tried again by itself.
            RedisUnavailable: it is away.
        """
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = _Asking(asyncio.create_task(self._ask_alone(key, body)))
        asking.waiting += 1
        try:
            return await asyncio.shield(asking.task)  # who leaves while others wait for the same does not end it
        finally:
            asking.waiting -= 1
            if not asking.waiting:
                self._asking.pop(key)
                asking.task.cancel()

    async def _ask_alone(self, key: str, body: bytes) -> bytes:
        outcome = "failed"
        try:
            if len(self._asking) > MOST_WAITING + self._most:
                raise WorkersBusy(len(self._asking), MOST_WAITING + self._most)
            async with self._slots:
                answer, outcome = await self._asked(key, body)
        except WorkersBusy:
            outcome = "busy"
            raise
        except WorkerSilent:
            outcome = "silent"
            raise
        except (RedisError, OSError) as error:
            outcome = "unavailable"
            raise RedisUnavailable("its address", str(error)) from error
        finally:
            self._outcomes[outcome] += 1
        return answer

    async def _asked(self, key: str, body: bytes) -> tuple[bytes, str]:
        """The answer, and whether it was there already."""
        keys = [self._name("queue"), *(self._name(kind, key) for kind in ("asked", "taken", "answer"))]
        patience = self._patience // _MILLISECOND
        what, found = await self._ask(keys=keys, args=[key, body, patience, self._most, self._name("asked", "")])
        if what == b"answered":
            return bytes(found), "kept"
        if what == b"busy":
            raise WorkersBusy(int(found), self._most)
        return await self._answered(key), "answered"

    async def _answered(self, key: str) -> bytes:
        answer, begun = self._name("answer", key), monotonic()
        taken = False
        while (left := self._patience.total_seconds() - (monotonic() - begun)) > 0:
            wait = min(left, LOOK.total_seconds())
            found: Any = await self._redis.blmove(answer, answer, wait, "LEFT", "LEFT")  # type: ignore[arg-type]
            if found is not None:
                return bytes(found)
            asked, holder = await self._redis.mget([self._name("asked", key), self._name("taken", key)])
            taken = taken or holder is not None
            if asked is None and holder is None:
                break
        last: Any = await self._redis.lindex(answer, 0)  # type: ignore[misc]
        if last is None:
            raise WorkerSilent(monotonic() - begun, taken=taken)
        return bytes(last)

    async def take(self, wait: timedelta) -> Question | None:
        """See `Questions.take`."""
        queue, until = self._name("queue"), monotonic() + wait.total_seconds()
        while (left := until - monotonic()) > 0:
            popped: Any = await self._redis.blpop([queue], timeout=left)  # type: ignore[arg-type,misc]
            if popped is None:
                return None
            key = popped[1].decode()
            names = [self._name("asked", key), self._name("taken", key)]
            found = await self._take(keys=names, args=[self._token, self._lease // _MILLISECOND])
            if found is not None:
                return Question(key, found[0], timedelta(milliseconds=int(found[1])))
        return None

    @asynccontextmanager
    async def in_hand(self, question: Question) -> AsyncIterator[None]:
        """See `Questions.in_hand`."""
        renewing = asyncio.create_task(self._keep(question.key))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})
            await self._release(keys=[self._name("taken", question.key)], args=[self._token])

    async def _keep(self, key: str) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 4)
            try:
                await self._renew(keys=[self._name("taken", key)], args=[self._token, self._lease // _MILLISECOND])
            except (RedisError, OSError) as error:
                log.debug("question_not_renewed", reason=str(error))

    async def answer(self, question: Question, answer: bytes, kept_for: timedelta) -> None:
        """See `Questions.answer`."""
        keys = [self._name("answer", question.key), self._name("taken", question.key), self._name("shelf")]
        arguments: list[bytes | str | int] = [
            answer, max(kept_for // _MILLISECOND, 1), self._kept_bytes, self._name("answer", ""), question.key,
            _SHELF_LIFE // _MILLISECOND,
        ]  # fmt: skip
        await self._answer(keys=[*keys, self._name("bytes")], args=arguments)

    def _name(self, *parts: str) -> str:
        return self._names + ":".join(parts)

"""The HTTP client of every provider: bounded, patient for a while, within the provider's rate, honest about failures.

A request goes out when the circuit of its endpoint is closed and the budget has room. What may pass (no connection,
no answer in time, an answer cut short or of another kind, 5xx) is tried again a few times; what the provider refuses
is not. Redirects are not followed: a provider moves by a setting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import uniform
from typing import Final

import httpx
import structlog

from candlewick import __version__
from candlewick.domain.errors import RateLimited, SourceRefused, SourceUnavailable
from candlewick.domain.raw import Payload
from candlewick.domain.source import CircuitStatus
from candlewick.ports import Clock, RateBudget
from candlewick.providers import answers
from candlewick.providers.circuit import Circuit, Circuits
from candlewick.providers.download import Download
from candlewick.redaction import redact_text

log = structlog.get_logger(__name__)

USER_AGENT: Final = f"candlewick/{__version__}"
_ERROR_BYTES: Final = 16 * 1024
"""Of an error's body that are read for its message."""

Parameters = Mapping[str, str | int]
Pause = Callable[[float], Awaitable[None]]
Objection = Callable[[bytes], SourceUnavailable | SourceRefused | None]
"""The error that a JSON body with status 200 is, for providers that answer everything so; None if it is none. Pure."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how large a request may become, and how often it is tried. Pauses are in seconds."""

    connect: timedelta = timedelta(seconds=5)
    total: timedelta = timedelta(seconds=15)
    """Until the whole answer is here; for a download, until its next piece is."""
    download: timedelta = timedelta(hours=1)
    body_bytes: int = 64 * 1024 * 1024
    file_bytes: int = 16 * 1024 * 1024 * 1024
    attempts: int = 4
    first_pause: float = 0.5
    longest_pause: float = 8.0
    waited_out: float = 5.0
    """A Retry-After up to this is waited for; a longer one is the caller's to plan with."""
    limited_for: float = answers.LIMITED_FOR
    """How long a 429 that does not say so keeps us away."""
    connections: int = 16


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request, whatever number of tries it takes."""

    path: str
    endpoint: str
    weight: int
    seconds: float
    parameters: Parameters = field(default_factory=dict)
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)


class ProviderHttp:
    """A client of one host of one provider. Close it with `aclose`."""

    def __init__(
        self,
        source: str,
        base_url: str,
        budget: RateBudget,
        clock: Clock,
        *,
        bounds: Bounds | None = None,
        headers: Mapping[str, str] | None = None,
        used_weight: Callable[[Mapping[str, str]], int | None] = lambda _: None,
        objection: Objection = lambda _: None,
        hidden: Parameters | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """`used_weight` reads the provider's own count of the running minute from an answer's headers.

        `objection` looks into each JSON body with status 200; an error that it finds there is treated like a status.
        `hidden` goes into the address of every request, such as a key, and nowhere else.
        """
        self._source = source
        self._budget = budget
        self._clock = clock
        self._bounds = bounds or Bounds()
        self._used_weight = used_weight
        self._objection = objection
        self._hidden = dict(hidden or {})
        self._pause = pause
        self._circuits = Circuits(source, clock)
        seconds = self._bounds.total.total_seconds()
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"User-Agent": USER_AGENT, **(headers or {})},
            timeout=httpx.Timeout(seconds, connect=self._bounds.connect.total_seconds()),
            limits=httpx.Limits(max_connections=self._bounds.connections),
            transport=transport,
        )

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    def circuits(self) -> list[CircuitStatus]:
        """How it stands with every endpoint that was asked, as this process sees it."""
        return self._circuits.statuses()

    async def get(
        self, path: str, parameters: Parameters | None = None, *, weight: int = 1, endpoint: str | None = None
    ) -> Payload:
        """The JSON there, as received: that it is JSON and no error of the provider's is checked, no more.

        `endpoint` names the circuit, where the path has a name of something in it.

        Raises:
            RateLimited, SourceUnavailable: not now. SourceRefused: never. Whatever `RateBudget.spend` raises.
        """
        asked = parameters or {}
        ask = _Ask(path, endpoint or path, weight, self._bounds.total.total_seconds(), asked)
        body = await self._patiently(ask, self._json)
        received_at = self._clock.now()
        shown = f"{path}?{httpx.QueryParams(dict(asked))}" if asked else path
        return Payload(self._source, redact_text(shown), body, received_at)

    async def get_file(self, path: str, *, magic: bytes, largest: int, weight: int = 1) -> Payload:
        """The small file there, as received: that it begins with `magic` and is no longer than `largest` is checked.

        Raises:
            RateLimited, SourceUnavailable, SourceRefused: as for `get`.
        """

        async def take(response: httpx.Response) -> bytes:
            body = await self._body(response, largest)
            if not body.startswith(magic):
                raise SourceUnavailable(self._source, f"it sent something else than the file: {body[:40]!r}")
            return body

        body = await self._patiently(_Ask(path, path, weight, self._bounds.total.total_seconds()), take)
        return Payload(self._source, redact_text(path), body, self._clock.now())

    async def download(
        self, path: str, target: Path, *, endpoint: str, weight: int = 1, magic: bytes = b"", largest: int | None = None
    ) -> bool:
        """Put the file there at `target`, whole or not at all; False if there is none (status 404).

        `endpoint` names the circuit that files of this kind share. The file must begin with `magic`.

        Raises:
            RateLimited, SourceUnavailable, SourceRefused: as for `get`.
            ArchiveStoreUnavailable: there is no room for it.
        """
        ask = _Ask(
            path,
            endpoint,
            weight,
            self._bounds.download.total_seconds(),
            headers={"Accept-Encoding": "identity"},
        )
        file = Download(self._source, target, magic, largest or self._bounds.file_bytes)
        return await self._unless_absent(ask, file.take)

    async def exists(self, path: str, *, endpoint: str, weight: int = 1) -> bool:
        """Whether there is something at that path. Errors as for `get`."""
        ask = _Ask(path, endpoint, weight, self._bounds.total.total_seconds(), method="HEAD")
        return await self._unless_absent(ask, _nothing)

    async def _unless_absent(self, ask: _Ask, take: Callable[[httpx.Response], Awaitable[None]]) -> bool:
        try:
            await self._patiently(ask, take)
        except SourceRefused as refusal:
            if refusal.status == httpx.codes.NOT_FOUND:
                return False
            raise
        return True

    async def _patiently[Result](self, ask: _Ask, take: Callable[[httpx.Response], Awaitable[Result]]) -> Result:
        """Ask until there is an answer, or there have been enough tries."""
        circuit = self._circuits.of(ask.endpoint)
        attempt = 1
        while True:
            circuit.admit()
            await self._budget.spend(ask.weight)
            try:
                result = await self._once(ask, take)
            except SourceUnavailable as error:
                await self._after(error, ask, attempt, circuit)
                attempt += 1
            except SourceRefused as refusal:
                if refusal.status == httpx.codes.NOT_FOUND:  # often the answer to whether something is there
                    circuit.succeeded()
                else:
                    circuit.refused(refusal.reason)
                raise
            else:
                circuit.succeeded()
                return result

    async def _after(self, error: SourceUnavailable, ask: _Ask, attempt: int, circuit: Circuit) -> None:
        """Note what went wrong, and wait for the next try; raise it if there is none."""
        wait = error.retry_after or 0.0
        if isinstance(error, RateLimited):
            circuit.refused(error.reason)
            log.warning("source_limits", source=self._source, endpoint=ask.endpoint, reason=error.reason, seconds=wait)
            await self._budget.pause(wait)  # for every worker; our own next try waits there too
        else:
            circuit.failed(error.reason)
        if attempt >= self._bounds.attempts or wait > self._bounds.waited_out:
            raise error
        if not isinstance(error, RateLimited):
            log.warning(
                "source_asked_again", source=self._source, endpoint=ask.endpoint, reason=error.reason, attempt=attempt
            )
            ceiling = min(self._bounds.first_pause * 2 ** (attempt - 1), self._bounds.longest_pause)
            await self._pause(max(wait, uniform(0, ceiling)))  # noqa: S311  (jitter: workers must not come at once)

    async def _once[Result](self, ask: _Ask, take: Callable[[httpx.Response], Awaitable[Result]]) -> Result:
        async with self._answer(ask) as response:
            if (used := self._used_weight(response.headers)) is not None:
                await self._budget.learn(used)
            if response.status_code != httpx.codes.OK:
                body = await _beginning(response)
                now = self._clock.now()
                raise answers.explain(
                    self._source, response.status_code, response.headers, body, now, self._bounds.limited_for
                )
            return await take(response)

    @asynccontextmanager
    async def _answer(self, ask: _Ask) -> AsyncIterator[httpx.Response]:
        """Send it; whatever the network does while the answer is read becomes SourceUnavailable."""
        parameters = {**ask.parameters, **self._hidden}
        request = self._client.build_request(ask.method, ask.path, params=parameters, headers=ask.headers)
        try:
            async with asyncio.timeout(ask.seconds) as limit:
                response = await self._client.send(request, stream=True)
                try:
                    yield response
                finally:
                    await response.aclose()
        except TimeoutError as exc:
            if not limit.expired():
                raise
            raise SourceUnavailable(self._source, f"no whole answer within {ask.seconds:g} s") from exc
        except httpx.HTTPError as exc:
            raise SourceUnavailable(self._source, _network_reason(exc)) from exc

    async def _json(self, response: httpx.Response) -> bytes:
        body = await self._body(response, self._bounds.body_bytes)
        if (reason := answers.not_json(body)) is not None:
            raise SourceUnavailable(self._source, reason)
        if (error := self._objection(body)) is not None:
            raise error
        return body

    async def _body(self, response: httpx.Response, limit: int) -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > limit:
                raise SourceUnavailable(self._source, f"its answer is longer than {limit:,} bytes")
        return bytes(body)


async def _nothing(response: httpx.Response) -> None:
    """The status was all."""


async def _beginning(response: httpx.Response) -> bytes:
    """The first bytes of an error's body; a body that breaks off does not change what the status says."""
    body = b""
    try:
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) >= _ERROR_BYTES:
                break
    except httpx.HTTPError as exc:
        log.debug("error_body_cut", reason=_network_reason(exc))
    return body[:_ERROR_BYTES]


def _network_reason(exc: httpx.HTTPError) -> str:
    kind = type(exc).__name__
    return f"{kind}: {exc}" if str(exc) else kind

"""Stand-ins for what a provider's adapters work with: a budget, a scripted server, pauses that take no time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from candlewick.domain.market import (
    AssetClass,
    AssetId,
    Instrument,
    InstrumentId,
    InstrumentKey,
    InstrumentStatus,
    Tape,
    VenueId,
)
from candlewick.providers.http import Bounds, ProviderHttp
from markets import FrozenClock


@dataclass
class Budget:
    """Notes what it was told; has room for everything."""

    spent: list[int] = field(default_factory=list)
    learned: list[int] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    async def spend(self, weight: int) -> None:
        self.spent.append(weight)

    async def learn(self, used: int) -> None:
        self.learned.append(used)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


@dataclass
class Pauses:
    """Takes no time, notes how long it was told to wait."""

    taken: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Script:
    """Answers requests one after the other; the last answer is given for ever."""

    answers: list[Answer]
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)


@dataclass
class Broken(httpx.AsyncByteStream):
    """A body that breaks off after some pieces."""

    pieces: Iterable[bytes]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def client(script: Callable[[httpx.Request], httpx.Response], **options: object) -> tuple[ProviderHttp, Budget, Pauses]:
    """A client of a scripted server."""
    budget, pauses = Budget(), Pauses()
    settings: dict[str, object] = {"clock": FrozenClock(), "bounds": Bounds(), **options}
    http = ProviderHttp(
        "binance",
        "https://venue.example",
        budget,
        transport=httpx.MockTransport(script),
        pause=pauses,
        **settings,  # type: ignore[arg-type]
    )
    return http, budget, pauses


def instrument(symbol: str = "BTCUSDT", tape: Tape = Tape.TRADES) -> Instrument:
    """An instrument of Binance."""
    key = InstrumentKey("binance", symbol.removesuffix("USDT"), "USDT")
    return Instrument(
        id=InstrumentId(1),
        key=key,
        symbol=symbol,
        venue_id=VenueId(1),
        base_id=AssetId(1),
        quote_id=AssetId(2),
        asset_class=AssetClass.CRYPTO,
        tape=tape,
        status=InstrumentStatus.TRADING,
    )


def files_in(folder: Path) -> dict[str, bytes]:
    """The files there, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}

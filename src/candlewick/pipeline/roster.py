"""The instruments that a stream follows: whoever decides on them changes the roster while the stream runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from candlewick.domain.market import Instrument


class Roster:
    """Instruments in order of their keys."""

    def __init__(self, instruments: Iterable[Instrument] = ()) -> None:
        self._instruments = _ordered(instruments)
        self._changed = asyncio.Event()

    @property
    def instruments(self) -> Sequence[Instrument]:
        """As they are now."""
        return self._instruments

    def change(self, instruments: Iterable[Instrument]) -> None:
        """From now on it is these."""
        self._instruments = _ordered(instruments)
        self._changed.set()
        self._changed = asyncio.Event()

    async def other_than(self, followed: Sequence[Instrument]) -> None:
        """Wait until a stream of `followed` is no longer what is wanted."""
        while _wire(self._instruments) == _wire(followed):
            await self._changed.wait()


def _ordered(instruments: Iterable[Instrument]) -> tuple[Instrument, ...]:
    return tuple(sorted(instruments, key=lambda instrument: str(instrument.key)))


def _wire(instruments: Sequence[Instrument]) -> list[tuple[object, ...]]:
    """What of the instruments a stream depends on."""
    return [(instrument.id, instrument.symbol, instrument.tape) for instrument in instruments]

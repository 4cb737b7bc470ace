"""Whom a venue's spellings meant at a time: LUNA was another coin before it was LUNC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from candlewick.domain.market import Instrument, SymbolUse
from candlewick.ports import InstrumentStore

_MOST: Final = 20_000
"""Spellings that are remembered."""


class Spellings:
    """Looks symbols up, each once."""

    def __init__(self, instruments: InstrumentStore) -> None:
        self._instruments = instruments
        self._known: dict[tuple[str, str], Sequence[SymbolUse]] = {}

    async def at(self, venue: str, symbols: Iterable[str], moment: datetime) -> dict[str, Instrument]:
        """The instruments that the symbols meant then; those that nobody listed are not there."""
        asked = set(symbols)
        if unknown := [symbol for symbol in asked if (venue, symbol) not in self._known]:
            if len(self._known) + len(unknown) > _MOST:
                self._known.clear()
                unknown = list(asked)
            found = await self._instruments.by_symbols(venue, unknown)
            self._known |= {(venue, symbol): found.get(symbol, ()) for symbol in unknown}
        return {symbol: use.instrument for symbol in asked for use in self._known[venue, symbol] if use.holds(moment)}

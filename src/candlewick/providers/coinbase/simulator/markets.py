"""What is traded on the simulated Coinbase: products that look like Coinbase's."""

from __future__ import annotations

from typing import Final

from candlewick.domain.market import InstrumentKey, InstrumentStatus
from candlewick.providers.coinbase.listing import VENUE, list_instrument
from candlewick.providers.simulation.repertoire import Character, Repertoire

_CHARACTERS: Final = (
    Character("BTC", "USD", "61000", "0.01", "0.00000001", 90_000, 400_000),
    Character("ETH", "USD", "2600", "0.01", "0.00000001", 80_000, 900_000),
    Character("SOL", "USD", "150", "0.01", "0.00000001", 60_000, 20_000_000),
    Character("XRP", "USD", "0.55", "0.0001", "0.000001", 40_000, 300_000_000),
    Character("DOGE", "USD", "0.11", "0.00001", "0.1", 40_000, 40_000),
    Character("BTC", "EUR", "56000", "0.01", "0.00000001", 30_000, 200_000),
    Character("ETH", "BTC", "0.0426", "0.00001", "0.00000001", 15_000, 30_000_000),
    Character("1INCH", "USD", "0.27", "0.001", "0.01", 10_000, 20_000),
    Character("USDT", "USD", "1.0001", "0.00001", "0.01", 20_000, 50_000),
    Character("REP", "USD", "0.8", "0.01", "0.000001", 8_000, 400_000, InstrumentStatus.DELISTED),
)
REPERTOIRE: Final = Repertoire.of(
    VENUE,
    ((list_instrument(InstrumentKey(VENUE, character.base, character.quote)), character) for character in _CHARACTERS),
)

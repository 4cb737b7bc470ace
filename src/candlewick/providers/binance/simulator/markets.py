"""What is traded on the simulated Binance: symbols that look like Binance's."""

from __future__ import annotations

from typing import Final

from candlewick.domain.market import InstrumentKey, InstrumentStatus, Tape
from candlewick.providers.binance.listing import BINANCE, VENUE
from candlewick.providers.simulation.repertoire import Character, Repertoire

_CHARACTERS: Final = (
    Character("BTC", "USDT", "61000", "0.01", "0.00001", 90_000, 400),
    Character("ETH", "USDT", "2600", "0.01", "0.0001", 80_000, 900),
    Character("SOL", "USDT", "150", "0.01", "0.001", 60_000, 2_000),
    Character("BNB", "USDT", "560", "0.1", "0.001", 40_000, 500),
    Character("XRP", "USDT", "0.55", "0.0001", "0.1", 40_000, 3_000),
    Character("DOGE", "USDT", "0.11", "0.00001", "1", 40_000, 4_000),
    Character("ETH", "BTC", "0.0426", "0.00001", "0.001", 30_000, 300),
    Character("BNB", "BTC", "0.0092", "0.000001", "0.01", 15_000, 90),
    Character("1INCH", "USDT", "0.27", "0.0001", "0.1", 10_000, 2_000),
    Character("1000SATS", "USDT", "0.0003", "0.0000001", "1", 20_000, 500_000),
    Character("EUR", "USDT", "1.09", "0.0001", "0.1", 10_000, 3_000),
    Character("LUNA", "USDT", "0.8", "0.0001", "0.1", 8_000, 400, InstrumentStatus.DELISTED),
)
REPERTOIRE: Final = Repertoire.of(
    VENUE,
    (
        (BINANCE.list_instrument(InstrumentKey(VENUE, character.base, character.quote), Tape.TRADES), character)
        for character in _CHARACTERS
    ),
)

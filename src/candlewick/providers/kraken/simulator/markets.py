"""What is traded on the simulated Kraken: pairs that look like Kraken's."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from candlewick.domain.market import AssetClass, InstrumentKey, InstrumentStatus
from candlewick.providers.kraken.listing import VENUE, list_instrument
from candlewick.providers.simulation.repertoire import Character, Repertoire

_CHARACTERS: Final = (
    Character("BTC", "USD", "61000", "0.1", "0.00001", 60_000, 400),
    Character("BTC", "EUR", "56000", "0.1", "0.00001", 30_000, 300),
    Character("ETH", "USD", "2600", "0.01", "0.0001", 40_000, 900),
    Character("ETH", "BTC", "0.0426", "0.00001", "0.001", 10_000, 300),
    Character("SOL", "USD", "150", "0.01", "0.001", 20_000, 2_000),
    Character("DOGE", "USD", "0.11", "0.00001", "1", 10_000, 4_000),
    Character("USDT", "USD", "0.9998", "0.0001", "0.1", 20_000, 5_000),
    Character("EUR", "USD", "1.09", "0.00001", "0.1", 15_000, 5_000),
    Character("GBP", "USD", "1.27", "0.00001", "0.1", 8_000, 4_000),
    Character("USD", "JPY", "148.2", "0.001", "0.1", 5_000, 4_000),
    Character("LUNA", "USD", "0.0001", "0.0000001", "1", 2_000, 90_000, InstrumentStatus.HALTED),
)
_SHARES: Final = (Character("AAPLx", "USD", "231", "0.01", "0.0001", 3_000, 500),)
"""Tokenized ones."""


REPERTOIRE: Final = Repertoire.of(
    VENUE,
    [
        *((list_instrument(InstrumentKey(VENUE, each.base, each.quote)), each) for each in _CHARACTERS),
        *(
            (
                replace(list_instrument(InstrumentKey(VENUE, each.base, each.quote)), base_class=AssetClass.EQUITY),
                each,
            )
            for each in _SHARES
        ),
    ],
)

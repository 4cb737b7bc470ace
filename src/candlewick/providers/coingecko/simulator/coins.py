"""What is traded on the simulated CoinGecko: coins with what is odd about CoinGecko's.

Two share a symbol, one has no market cap, one has so large a supply that it takes an exponent, one is worth next to
nothing, one is gone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from candlewick.providers.coingecko.listing import VENUE
from candlewick.providers.simulation.coins import SimulatedCoin, repertoire_of

BITCOIN: Final = "bitcoin"
COINS: Final = (
    SimulatedCoin(BITCOIN, "btc", "Bitcoin", "61000", "0.01", Decimal(19_700_000), Decimal(400_000)),
    SimulatedCoin("ethereum", "eth", "Ethereum", "2600", "0.01", Decimal(120_400_000), Decimal(6_000_000)),
    SimulatedCoin("ripple", "xrp", "XRP", "0.55", "0.0001", Decimal(56_500_000_000), Decimal(2_000_000_000)),
    SimulatedCoin("uniswap", "uni", "Uniswap", "7.2", "0.001", Decimal(600_000_000), Decimal(20_000_000)),
    SimulatedCoin("unicorn-token", "uni", "UNICORN Token", "0.021", "0.00001", Decimal(1_000_000), Decimal(4_000)),
    SimulatedCoin("dust", "dust", "Dust", "0.0000306", "0.000001", Decimal("4.64E+33"), Decimal(9_000_000_000)),
    SimulatedCoin("unknown-supply", "nosup", "Unknown Supply", "0.4", "0.001", None, Decimal(1_000)),
    SimulatedCoin("dead-coin", "ded", "Dead Coin", "0.01", "0.001", Decimal(1_000), Decimal(1), active=False),
)
REPERTOIRE: Final = repertoire_of(VENUE, COINS)

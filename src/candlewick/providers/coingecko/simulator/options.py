"""What can be set about the simulator. The defaults are what CoinGecko documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from candlewick.providers.simulation.options import SimulationOptions


@dataclass(frozen=True, slots=True)
class SimulatorOptions(SimulationOptions):
    """Limits. Source: docs.coingecko.com, "Common errors and rate limit"."""

    requests_per_minute: int = 100
    free_history: timedelta = timedelta(days=365)
    """How far the past reaches without a key that was paid for."""

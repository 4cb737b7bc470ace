"""What can be set about the simulator. The defaults are what Alpha Vantage documents."""

from __future__ import annotations

from dataclasses import dataclass

from candlewick.providers.alphavantage.rest import FREE_A_DAY
from candlewick.providers.simulation.options import SimulationOptions


@dataclass(frozen=True, slots=True)
class SimulatorOptions(SimulationOptions):
    """Limits. A key that begins with PAID was paid for and has none."""

    requests_per_day: int = FREE_A_DAY
    """Of a free key, by the day in New York."""

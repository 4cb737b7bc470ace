"""What can be set about the simulator."""

from __future__ import annotations

from dataclasses import dataclass

from candlewick.providers.simulation.options import SimulationOptions


@dataclass(frozen=True, slots=True)
class SimulatorOptions(SimulationOptions):
    """Limits. CoinPaprika counts by the month; a minute is shorter to wait for."""

    requests_per_minute: int = 600

"""What can be set about the simulator. The defaults are what Binance documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from candlewick.providers.simulation.options import SimulationOptions


@dataclass(frozen=True, slots=True)
class SimulatorOptions(SimulationOptions):
    """Limits and delays. Source: binance-spot-api-docs, rest-api.md "Limits", web-socket-streams.md."""

    weight_per_minute: int = 6_000
    patience: int = 5
    """Requests that are still answered with 429 in the minute of the limit; the next one is a ban."""
    ban: timedelta = timedelta(minutes=2)
    archive_delay: timedelta = timedelta(0)
    """From the end of a day (for months: from the first Monday after them) until the file is there."""
    largest_archive: int = 2_000_000
    """Trades. Files of more are not offered: making one would take too long for a client that waits."""
    kline_step: timedelta = timedelta(seconds=2)

"""What can be set about the simulator. The defaults are what Coinbase documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from candlewick.providers.simulation.options import SimulationOptions


@dataclass(frozen=True, slots=True)
class SimulatorOptions(SimulationOptions):
    """Limits. Source: docs.cdp.coinbase.com/exchange, REST and WebSocket "Rate limits", WebSocket "Overview"."""

    requests_per_second: float = 10.0
    burst: int = 15
    """Requests that may come at once."""
    messages_per_second: int = 100
    subscribe_within: timedelta | None = timedelta(seconds=5)
    heartbeat: timedelta = timedelta(seconds=1)
    most_trades: int = 2_000_000
    """That candles of one answer are made of; a span with more of them is refused."""

"""What can be set about the simulator. The defaults are what Kraken documents, or what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from candlewick.providers.simulation.options import SimulationOptions


@dataclass(frozen=True, slots=True)
class SimulatorOptions(SimulationOptions):
    """Limits. Source: docs.kraken.com, "Spot REST rate limits", "Spot WebSocket introduction"."""

    counter_limit: float = 15.0
    """Each request adds one to the counter of its address; above this it is refused."""
    counter_decay: float = 1.0
    """By how much the counter sinks in a second."""
    messages_per_second: int = 50
    streams_per_socket: int = 4_096
    heartbeat: timedelta = timedelta(seconds=1)
    """After so long without anything else to say."""
    snapshot: int = 50
    """Trades with which a subscription begins."""
    batch: int = 20
    """Trades that a message has at most."""

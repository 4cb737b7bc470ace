"""What can be set about any simulator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """Chance, steps, and the bounds of sockets. A venue's own options add its limits and change what it documents."""

    seed: int = 1
    """Of the faults that happen by chance; the markets have their own."""
    step: timedelta = timedelta(milliseconds=20)
    """Between two looks at what has been traded."""
    life: timedelta = timedelta(hours=24)
    """Of a socket."""
    subscribe_within: timedelta | None = None
    """A socket that has subscribed to nothing by then is closed."""
    waiting_frames: int = 50_000
    """Frames that may wait for a client that reads slowly; with the next one its socket is closed."""
    messages_per_second: int = 5
    """Of a client; who sends more loses its socket."""
    streams_per_socket: int = 1_024
    sockets: int = 1_000

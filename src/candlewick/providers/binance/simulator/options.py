"""What can be set about the simulator. The defaults are what Binance documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """Limits and delays. Source: binance-spot-api-docs, rest-api.md "Limits", web-socket-streams.md."""

    seed: int = 1
    """Of the faults that happen by chance; the markets have their own."""
    weight_per_minute: int = 6_000
    patience: int = 5
    """Requests that are still answered with 429 in the minute of the limit; the next one is a ban."""
    ban: timedelta = timedelta(minutes=2)
    archive_delay: timedelta = timedelta(0)
    """From the end of a day (for months: from the first Monday after them) until the file is there."""
    largest_archive: int = 2_000_000
    """Trades. Files of more are not offered: making one would take too long for a client that waits."""
    step: timedelta = timedelta(milliseconds=20)
    """Between two looks at what has been traded."""
    kline_step: timedelta = timedelta(seconds=2)
    life: timedelta = timedelta(hours=24)
    """Of a socket."""
    waiting_frames: int = 50_000
    """Frames that may wait for a client that reads slowly; with the next one its socket is closed."""
    messages_per_second: int = 5
    streams_per_socket: int = 1_024
    sockets: int = 1_000

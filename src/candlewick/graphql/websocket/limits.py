"""The bounds of websockets: what one client, one key and all of them may have open, send, and leave untaken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Times are in seconds."""

    sockets: int = 10_000
    """Websockets that are open at the same time: the server that runs the application counts requests only."""
    sockets_per_key: int = 5_000
    operations: int = 100
    """Operations that run on one websocket at the same time."""
    operations_per_key: int = 20_000
    """On all websockets of one key."""
    frame_bytes: int = 64_000
    frames: int = 1_000
    """Messages that a client sends on one websocket within `frames_seconds`."""
    frames_seconds: float = 10
    init_seconds: float = 3
    """From a websocket's opening to its `connection_init`."""
    idle_seconds: float = 600
    """How long a websocket may stay open on which nothing runs."""
    send_seconds: float = 20
    """How long a client may take none of what is sent to it."""
    key_check_seconds: float = 3
    """How often the keys of open websockets are looked at again."""

"""Why sockets are closed, with the codes that clients know (PROTOCOL.md; RFC 6455, section 7.4)."""

from __future__ import annotations

from typing import Final

SHED: Final = 4290
"""A client that takes nothing. Clients connect again after it, as they do not after 1008 and 1011."""
_LONGEST: Final = 123
"""Bytes of a close frame's reason."""


class SocketClosed(Exception):
    """The socket is to be closed. Its reason is for people."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:_LONGEST].decode("utf-8", "ignore")


class SocketGone(Exception):
    """The client, or the server's end, has closed it: nobody listens any more."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__(f"code {code}")
        self.code = code


def invalid(reason: str) -> SocketClosed:
    return SocketClosed(4400, f"Invalid message: {reason}")


def unauthorized() -> SocketClosed:
    return SocketClosed(4401, "Unauthorized")


def forbidden(reason: str) -> SocketClosed:
    return SocketClosed(4403, f"Forbidden: {reason}")


def init_timed_out() -> SocketClosed:
    return SocketClosed(4408, "Connection initialisation timeout")


def already_exists(operation_id: str) -> SocketClosed:
    return SocketClosed(4409, f"Subscriber for {operation_id} already exists")


def too_many_inits() -> SocketClosed:
    return SocketClosed(4429, "Too many initialisation requests")


def too_busy(messages: int, seconds: float) -> SocketClosed:
    return SocketClosed(1008, f"Too many messages: at most {messages} within {seconds:g} s")


def too_slow(seconds: float) -> SocketClosed:
    return SocketClosed(SHED, f"Nothing was taken for {seconds:g} s: connect again, and go on with `after`")


def idle(seconds: float) -> SocketClosed:
    return SocketClosed(1000, f"Nothing ran for {seconds:g} s")


def too_many(limit: int) -> SocketClosed:
    return SocketClosed(1013, f"Too many websockets of this key are open, at most {limit}: try again later")


def too_fast(reason: str) -> SocketClosed:
    return SocketClosed(1013, reason)


def try_later() -> SocketClosed:
    return SocketClosed(1013, "Keys cannot be checked for now: try again")


def broken() -> SocketClosed:
    return SocketClosed(1011, "Internal error")

"""A socket that is ours before anything starts, and a uvicorn on it that stops when we say so."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from candlewick.domain.errors import PortInUse, SettingsError
from candlewick.settings.source import variable

if TYPE_CHECKING:
    from candlewick.settings import HttpSettings


def bind(host: str, port: int) -> socket.socket:
    """A socket at the address.

    Raises:
        PortInUse: another program listens there.
        SettingsError: the address is none of this machine's, or not ours to take.
    """
    try:
        return _bound(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port) from error
        raise _unusable(host, port, error.strerror) from error
    except UnicodeError as error:
        raise _unusable(host, port, "it is no name of a host") from error


def _unusable(host: str, port: int, reason: str | None) -> SettingsError:
    return SettingsError(
        f"http.host ({variable('http.host')}) {host!r} with port {port} cannot be listened on: {reason}"
    )


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except BaseException:
        listener.close()
        raise
    return listener


def free_port() -> int:
    """A port of the loopback that nobody listens on right now."""
    with _bound("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: they would send the signal again and end us before we have cleaned up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def url_of(http: HttpSettings) -> str:
    """Where a browser on this machine finds the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(http.host, http.host)  # noqa: S104  (compared, not bound)
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{http.port}/"

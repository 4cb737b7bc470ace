"""Runs the API on uvicorn: on a socket that is ours before anything starts, stopped when we say so."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
import uvicorn

from candlewick.cli.stopping import stop_requested
from candlewick.domain.errors import PortInUse, SettingsError
from candlewick.graphql.app import HttpOptions, create_app
from candlewick.settings.source import variable
from candlewick.wiring import open_services

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from candlewick.settings import HttpSettings, Settings
    from candlewick.wiring import Addresses

log = structlog.get_logger(__name__)

LARGEST_HEAD = 64 * 1024
"""Bytes of a request line and its headers."""
LARGEST_MESSAGE = 1024 * 1024
"""Bytes of a websocket message that a client sends."""


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


async def serve_api(settings: Settings, where: Addresses, listener: socket.socket, *, with_parent: bool) -> None:
    """Serve until told to stop; then let requests in flight end, for as long as the settings allow."""
    async with stop_requested(with_parent=with_parent) as stop, open_services(settings, where, "server") as services:
        options = HttpOptions(anonymous=settings.http.allows_anonymous, hosts=settings.http.host_names)
        app = create_app(services, options)
        log.info("server_started", url=url_of(settings.http), edition=services.service.edition)
        await _serve(app, settings.http, listener, stop)
        log.info("server_stopped")


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: they would send the signal again and end us before we have cleaned up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(app: ASGIApp, http: HttpSettings, listener: socket.socket, stop: asyncio.Event) -> None:
    server = Server(_configuration(app, http))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stopped.cancel()


def _configuration(app: ASGIApp, http: HttpSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=True,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=http.max_connections,
        timeout_graceful_shutdown=round(http.shutdown_timeout.total_seconds()),
        h11_max_incomplete_event_size=LARGEST_HEAD,
        ws_max_size=LARGEST_MESSAGE,
        ws="websockets-sansio",
    )


def url_of(http: HttpSettings) -> str:
    """Where a browser on this machine finds the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(http.host, http.host)  # noqa: S104  (compared, not bound)
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{http.port}/"

"""Runs the API on uvicorn."""

from __future__ import annotations

import asyncio
import socket
import sys
from dataclasses import fields
from typing import TYPE_CHECKING

import structlog
import uvicorn

from candlewick.cli.guarding import access_options
from candlewick.cli.listening import Server, url_of
from candlewick.cli.patience import patient_protocol
from candlewick.cli.sockets import SocketProtocol
from candlewick.cli.stopping import stop_requested
from candlewick.graphql.app import HttpOptions, create_app
from candlewick.graphql.limits import Limits
from candlewick.graphql.uploads.options import UploadOptions
from candlewick.graphql.websocket.limits import SocketLimits
from candlewick.jobs.reporting import keep_reporting
from candlewick.settings import LimitSettings
from candlewick.wiring import await_services

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from candlewick.settings import HttpSettings, Settings, WebsocketSettings
    from candlewick.wiring import Addresses

log = structlog.get_logger(__name__)

LARGEST_HEAD = 64 * 1024
"""Bytes of a request line and its headers."""
LARGEST_MESSAGE = 1024 * 1024
"""Bytes of a websocket message that a client sends."""


MORE_FILES = 200
"""Open files beside those of clients: the database, Redis, what is sent to us, the log."""


async def serve_api(settings: Settings, where: Addresses, listener: socket.socket, *, with_parent: bool) -> None:
    """Serve until told to stop; then let requests in flight end, for as long as the settings allow."""
    async with (
        stop_requested(with_parent=with_parent) as stop,
        await_services(settings, where, "server", stop) as services,
    ):
        options = HttpOptions(
            anonymous=settings.allows_anonymous,
            access=access_options(settings),
            kept_for=settings.http.kept_for,
            compression=settings.http.compression,
            hosts=settings.host_names,
            addresses=settings.is_open,
            limits=limits_of(settings.limits),
            sockets=_socket_limits(settings.http, settings.websockets),
            resumable_for=settings.websockets.resumable_for,
            allowed_lateness=settings.storage.allowed_lateness,
            uploads=UploadOptions(
                settings.data_dir / "uploads",
                settings.imports.max_bytes,
                settings.imports.patience,
                settings.imports.max_uploads,
            ),
        )
        _allow_files(settings.http.max_connections + MORE_FILES)
        app = create_app(services, options)
        log.info("server_started", url=url_of(settings.http), edition=services.service.edition)
        async with asyncio.TaskGroup() as group:
            group.create_task(keep_reporting(services.status_board, services.sources, stop))
            await _serve(app, settings, listener, stop)
            stop.set()
        log.info("server_stopped")


def limits_of(settings: LimitSettings) -> Limits:
    """The bounds of a request as the API has them: a time is a number of seconds there."""
    given = {name: getattr(settings, name) for name in LimitSettings.model_fields}
    times = {f"{name.removesuffix('_time')}_seconds": value for name, value in given.items() if name.endswith("_time")}
    known = {field.name for field in fields(Limits)}
    bounds = {name: value for name, value in given.items() if name in known}
    seconds = {name: value.total_seconds() for name, value in times.items() if name in known}
    return Limits(**bounds, **seconds)


def _socket_limits(http: HttpSettings, sockets: WebsocketSettings) -> SocketLimits:
    return SocketLimits(
        sockets=http.max_connections,
        sockets_per_key=sockets.max_per_key,
        operations=sockets.max_operations,
        operations_per_key=sockets.max_operations_per_key,
        frame_bytes=sockets.frame_bytes,
        frames=sockets.max_frames,
        frames_seconds=sockets.frames_within.total_seconds(),
        init_seconds=sockets.init_timeout.total_seconds(),
        idle_seconds=sockets.idle_timeout.total_seconds(),
        send_seconds=sockets.send_timeout.total_seconds(),
        key_check_seconds=sockets.key_check.total_seconds(),
    )


def _allow_files(wanted: int) -> None:
    """Let the process have so many files open, as far as it may: by default the bound is often 1,024."""
    if sys.platform == "win32":  # has none
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if soft != resource.RLIM_INFINITY and max(soft, most) < wanted:
        log.warning("open_files_bounded", allowed=max(soft, most), wanted=wanted)


async def _serve(app: ASGIApp, settings: Settings, listener: socket.socket, stop: asyncio.Event) -> None:
    server = Server(configuration(app, settings.http, settings.limits, settings.websockets))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stopped.cancel()


def configuration(
    app: ASGIApp, http: HttpSettings, limits: LimitSettings, sockets: WebsocketSettings
) -> uvicorn.Config:
    """How uvicorn serves the application: within bounds that it does not have by itself."""
    return uvicorn.Config(
        app,
        http=patient_protocol(limits),
        log_config=None,
        access_log=True,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=http.max_connections,
        timeout_graceful_shutdown=round(http.shutdown_timeout.total_seconds()),
        h11_max_incomplete_event_size=LARGEST_HEAD,
        ws_max_size=LARGEST_MESSAGE,
        ws=SocketProtocol,
        ws_ping_interval=sockets.ping_interval.total_seconds(),
        ws_ping_timeout=sockets.ping_timeout.total_seconds(),
        ws_per_message_deflate=False,  # it costs each client its own memory, and each event a packing for each client
    )

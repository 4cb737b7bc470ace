"""The web application: its routes, and what stands before each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import structlog
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import Lifespan

from candlewick import web
from candlewick.domain.errors import ServiceError
from candlewick.graphql import health
from candlewick.graphql.documents import Documents
from candlewick.graphql.execution import Execution
from candlewick.graphql.following.groups import Groups
from candlewick.graphql.http.access import Access
from candlewick.graphql.http.caching import KEPT_FOR, Caching
from candlewick.graphql.http.encoding import Compressed
from candlewick.graphql.http.endpoint import GraphQLEndpoint
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.http.forwarded import Forwarded
from candlewick.graphql.http.hosts import OwnHosts
from candlewick.graphql.http.options import AccessOptions
from candlewick.graphql.http.origins import Origins
from candlewick.graphql.http.pace import Pace
from candlewick.graphql.http.responses import refused
from candlewick.graphql.limits import Limits
from candlewick.graphql.live import LATENESS, Live
from candlewick.graphql.live.resuming import KEPT
from candlewick.graphql.metrics import Metrics
from candlewick.graphql.middleware import Counted, Paced, Secured, Traced
from candlewick.graphql.schema import core, schema
from candlewick.graphql.services import Services
from candlewick.graphql.uploads.endpoint import UploadEndpoint
from candlewick.graphql.uploads.options import UploadOptions
from candlewick.graphql.websocket.callers import Callers
from candlewick.graphql.websocket.endpoint import SocketEndpoint
from candlewick.graphql.websocket.limits import SocketLimits
from candlewick.graphql.websocket.quotas import Quota
from candlewick.graphql.websocket.session import Shared

_LONGEST_SHOWN: Final = 100
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How the API is served."""

    anonymous: bool = False
    """Whether reading needs no key. For a server that only this machine can reach."""
    hosts: Sequence[str] = ("*",)
    """Host names to answer to. Name them where `anonymous` is on, or a page whose name resolves to us may read."""
    addresses: bool = False
    """Whether to answer to any address besides."""
    access: AccessOptions = field(default_factory=AccessOptions)
    limits: Limits = field(default_factory=Limits)
    sockets: SocketLimits = field(default_factory=SocketLimits)
    resumable_for: timedelta = KEPT
    """How long ago what the cursor of a subscription has missed may have begun."""
    allowed_lateness: timedelta = LATENESS
    """How long after its window a candle is final, as the candle store has it."""
    uploads: UploadOptions = field(default_factory=UploadOptions)
    kept_for: timedelta = KEPT_FOR
    """How long clients may use candles of settled ranges without asking again."""
    compression: bool = True
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    """Where metrics are kept. One application a registry."""


def create_app(services: Services, options: HttpOptions, lifespan: Lifespan[Starlette] | None = None) -> Starlette:
    """The application over these services, which it neither opens nor closes (a `lifespan` may).

    Subscriptions are told of commits while its own lifespan lasts, around the given one.
    """
    metrics = Metrics(options.registry)
    live = Live.over(services, options.allowed_lateness, options.resumable_for)
    documents = Documents(core(schema), options.limits, options.access.documents)
    metrics.show_documents(documents.recent)
    metrics.show_questions(services.questions)
    execution = Execution(core(schema), services, live, documents, metrics)
    guard = options.access
    access = Access(services.keys, options.anonymous, Pace(services.rates, guard.per_address, guard.per_key))
    shared = _sockets(execution, access, options.sockets)

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncIterator[Mapping[str, object]]:
        async with (
            live.running(),
            shared.groups.running(),
            shared.callers.watched(),
            (lifespan or _no_lifespan)(app) as state,
        ):
            yield state or {}

    return Starlette(
        routes=[
            *_routes(
                GraphQLEndpoint(execution, access, Caching(execution, options.kept_for), guard.explorer),
                SocketEndpoint(shared, guard.origins),
            ),
            *_upload_routes(UploadEndpoint(services, access, options.uploads)),
        ],
        lifespan=living,
        exception_handlers={HTTPException: _unrouted},
        middleware=[
            Middleware(Traced),
            *([Middleware(Forwarded, proxies=guard.proxies)] if guard.proxies else []),
            Middleware(Secured),
            *([Middleware(Paced)] if guard.per_key or guard.per_address else []),
            Middleware(Counted, metrics=metrics),
            Middleware(OwnHosts, names=options.hosts, addresses=options.addresses),
            Middleware(Origins, named=guard.origins),
            *([Middleware(Compressed)] if options.compression else []),
        ],
    )


def _sockets(execution: Execution, access: Access, limits: SocketLimits) -> Shared:
    return Shared(
        execution,
        Groups(execution),
        access,
        Callers(access, limits.key_check_seconds),
        limits,
        Quota(limits.sockets_per_key),
        Quota(limits.operations_per_key),
    )


async def _unrouted(request: Request, exc: Exception) -> Response:
    """What no route takes: another path, or another method than the page's."""
    status, headers = (exc.status_code, exc.headers) if isinstance(exc, HTTPException) else (500, None)
    code = "NOT_FOUND" if status == HTTPStatus.NOT_FOUND else "BAD_REQUEST"
    where = f"{request.method} {request.url.path[:_LONGEST_SHOWN]}"
    return refused(HttpFault(status, f"{where}: {HTTPStatus(status).phrase.lower()}.", code, headers))


@asynccontextmanager
async def _no_lifespan(_: Starlette) -> AsyncIterator[None]:
    yield


def _routes(endpoint: GraphQLEndpoint, sockets: SocketEndpoint) -> list[BaseRoute]:
    execution = endpoint.execution

    async def start_page(_: Request) -> Response:
        return web.start_page(explorer=endpoint.explorer)

    async def healthz(_: Request) -> Response:
        return health.alive()

    async def readyz(_: Request) -> Response:
        return await health.readiness(execution.services.service)

    async def metrics_page(request: Request) -> Response:
        try:
            await endpoint.access.admit(request)
        except HttpFault as exc:
            return refused(exc)
        except ServiceError:
            return refused(HttpFault(503, "Keys cannot be checked for now: try again.", "SERVICE_UNAVAILABLE"))
        try:
            statuses = await execution.services.overseer.statuses()
        except ServiceError as exc:
            log.warning("sources_not_measured", reason=str(exc))
            statuses = {}
        execution.metrics.show_sources(statuses.values(), execution.services.clock.now())
        return execution.metrics.page()

    return [
        Route("/", start_page),
        Route("/graphql", endpoint.__call__, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        WebSocketRoute("/graphql", sockets.__call__),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics_page),
        Mount("/static", web.static_files()),
    ]


def _upload_routes(uploads: UploadEndpoint) -> list[BaseRoute]:
    return [
        Route("/import", uploads.take, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        Route("/import/{number:int}", uploads.show),
    ]

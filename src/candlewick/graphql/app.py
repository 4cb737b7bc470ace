"""The web application: its routes, and what stands before each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Lifespan

from candlewick import web
from candlewick.domain.errors import ServiceError
from candlewick.graphql import health
from candlewick.graphql.documents import Documents
from candlewick.graphql.http.access import Access
from candlewick.graphql.http.endpoint import GraphQLEndpoint
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.http.responses import refused
from candlewick.graphql.limits import Limits
from candlewick.graphql.metrics import Metrics
from candlewick.graphql.middleware import Counted, Secured, Traced
from candlewick.graphql.schema import core, schema
from candlewick.graphql.services import Services


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How the API is served."""

    anonymous: bool = False
    """Whether reading needs no key. For a server that only this machine can reach."""
    hosts: Sequence[str] = ("*",)
    """Host names to answer to. Name them where `anonymous` is on, or a page whose name resolves to us may read."""
    limits: Limits = field(default_factory=Limits)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    """Where metrics are kept. One application a registry."""


def create_app(services: Services, options: HttpOptions, lifespan: Lifespan[Starlette] | None = None) -> Starlette:
    """The application over these services, which it neither opens nor closes (a `lifespan` may)."""
    metrics = Metrics(options.registry)
    access = Access(services.keys, options.anonymous)
    endpoint = GraphQLEndpoint(schema, services, Documents(core(schema), options.limits), access, metrics)
    return Starlette(
        routes=_routes(services, endpoint),
        lifespan=lifespan,
        middleware=[
            Middleware(Traced),
            Middleware(Secured),
            Middleware(Counted, metrics=metrics),
            Middleware(TrustedHostMiddleware, allowed_hosts=options.hosts, www_redirect=False),
        ],
    )


def _routes(services: Services, endpoint: GraphQLEndpoint) -> list[BaseRoute]:
    async def start_page(_: Request) -> Response:
        return web.start_page()

    async def healthz(_: Request) -> Response:
        return health.alive()

    async def readyz(_: Request) -> Response:
        return await health.readiness(services.service)

    async def metrics_page(request: Request) -> Response:
        try:
            await endpoint.access.admit(request)
        except HttpFault as exc:
            return refused(exc)
        except ServiceError:
            return refused(HttpFault(503, "Keys cannot be checked for now: try again.", "SERVICE_UNAVAILABLE"))
        return endpoint.metrics.page()

    return [
        Route("/", start_page),
        Route("/graphql", endpoint.__call__, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics_page),
        Mount("/static", web.static_files()),
    ]

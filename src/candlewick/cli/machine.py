"""All processes of one machine: migrations first, then server and worker as children, then a feed if there is one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from candlewick.cli.glance import show
from candlewick.cli.listening import url_of
from candlewick.cli.output import say
from candlewick.cli.readiness import wait_until_ready
from candlewick.cli.stopping import stop_requested
from candlewick.cli.supervisor import Child, supervise
from candlewick.domain.service import DatabaseEdition
from candlewick.settings import Settings
from candlewick.settings.source import variable
from candlewick.waiting import before
from candlewick.wiring import Addresses, Services, Stores, migrate, open_services

if TYPE_CHECKING:
    from candlewick.cli.demo_market import DemoMarket

log = structlog.get_logger(__name__)

SPARE = timedelta(seconds=20)
"""For a child to stop, beside what the settings give it for the work in flight."""


async def run_machine(
    settings: Settings,
    where: Addresses,
    market: DemoMarket | None = None,
    *,
    seconds: float | None = None,
    debug: bool = False,
) -> None:
    """Run until told to stop, or for so many seconds after everything was ready."""
    async with stop_requested() as stop:
        await migrate(settings, where)
        async with open_services(settings, where, "machine") as services:
            _say_where(where, services)
            if market is not None:
                await market.check(services)
            async with asyncio.TaskGroup() as group:
                group.create_task(supervise(_children(settings, market, debug=debug), stop))
                group.create_task(_fill_and_tell(settings, services, market, stop, seconds))


def _children(settings: Settings, market: DemoMarket | None, *, debug: bool) -> list[Child]:
    common = ("--debug",) if debug else ()
    address = ("--host", settings.http.host, "--port", str(settings.http.port))
    children = [
        Child("server", (*common, "serve", "--with-parent", *address), grace=settings.http.shutdown_timeout + SPARE),
        Child("worker", (*common, "worker", "--with-parent"), grace=settings.worker.stop_timeout + SPARE),
    ]
    if market is None:
        return children
    known = {
        variable(f"{table}.{name}"): text for table, one in market.settings().items() for name, text in one.items()
    }
    return [market.child(), *(replace(child, environment=known) for child in children)]


def _say_where(where: Addresses, stores: Stores) -> None:
    """Which database it is, and plainly if it is not TimescaleDB."""
    capabilities = stores.database.capabilities
    owner = "A private" if where.private_postgres else "Your"
    note = "" if capabilities.edition is not DatabaseEdition.POSTGRESQL else " This is not TimescaleDB."
    say(f"{owner} database: {capabilities.version}.{note}")


async def _fill_and_tell(
    settings: Settings, services: Services, market: DemoMarket | None, stop: asyncio.Event, seconds: float | None
) -> None:
    if market is not None and not await before(stop, market.fill(services)):
        return
    if not await before(stop, wait_until_ready(url_of(settings.http))):
        return
    if market is not None and not await before(stop, show(services, market.keys)):
        return
    say(f"ready: {url_of(settings.http)}")
    if seconds is not None:
        asyncio.get_running_loop().call_later(seconds, stop.set)

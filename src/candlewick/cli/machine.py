"""All processes of one machine: migrations first, then server and worker as children, then a feed if there is one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Protocol

import structlog

from candlewick.cli.output import say
from candlewick.cli.readiness import wait_until_ready
from candlewick.cli.server import url_of
from candlewick.cli.stopping import stop_requested
from candlewick.cli.supervisor import Child, supervise
from candlewick.domain.service import DatabaseEdition
from candlewick.settings import Settings
from candlewick.waiting import before
from candlewick.wiring import Addresses, Stores, migrate, open_stores

log = structlog.get_logger(__name__)

SPARE = timedelta(seconds=20)
"""For a child to stop, beside what the settings give it for the work in flight."""


class Feed(Protocol):
    """Where trades come from."""

    async def fill(self, stores: Stores, stop: asyncio.Event) -> None:
        """Bring the history in; give up at `stop`."""

    async def follow(self, stores: Stores, stop: asyncio.Event) -> None:
        """Go on live until `stop`."""


async def run_machine(
    settings: Settings, where: Addresses, feed: Feed | None = None, *, seconds: float | None = None, debug: bool = False
) -> None:
    """Run until told to stop, or for so many seconds after everything was ready."""
    async with stop_requested() as stop:
        await migrate(settings, where)
        async with open_stores(settings, where, "feed") as stores:
            _say_where(where, stores)
            async with asyncio.TaskGroup() as group:
                group.create_task(supervise(_children(settings, debug=debug), stop))
                group.create_task(_feed_and_tell(settings, stores, feed, stop, seconds))


def _children(settings: Settings, *, debug: bool) -> list[Child]:
    common = ("--debug",) if debug else ()
    address = ("--host", settings.http.host, "--port", str(settings.http.port))
    return [
        Child("server", (*common, "serve", "--with-parent", *address), grace=settings.http.shutdown_timeout + SPARE),
        Child("worker", (*common, "worker", "--with-parent"), grace=settings.worker.stop_timeout + SPARE),
    ]


def _say_where(where: Addresses, stores: Stores) -> None:
    """Which database it is, and plainly if it is not TimescaleDB."""
    capabilities = stores.database.capabilities
    owner = "A private" if where.private_postgres else "Your"
    note = "" if capabilities.edition is not DatabaseEdition.POSTGRESQL else " This is not TimescaleDB."
    say(f"{owner} database: {capabilities.version}.{note}")


async def _feed_and_tell(
    settings: Settings, stores: Stores, feed: Feed | None, stop: asyncio.Event, seconds: float | None
) -> None:
    if feed is not None:
        await feed.fill(stores, stop)
    if not await before(stop, wait_until_ready(url_of(settings.http))):
        return
    say(f"ready: {url_of(settings.http)}")
    if seconds is not None:
        asyncio.get_running_loop().call_later(seconds, stop.set)
    if feed is not None:
        await feed.follow(stores, stop)

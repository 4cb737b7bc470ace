"""Leases: what only one process may do, and the fence that keeps former holders from writing.

A writer holds its lease FOR KEY SHARE until it commits. To take a lease over, or to end it, is a change of the row's
key: it waits for that commit; whoever comes with the old token afterwards finds no row. A renewal is no such change.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from candlewick.domain.errors import LeaseLost
from candlewick.domain.job import Lease
from candlewick.storage.engine import Database, Driver

_BEGIN: Final = """
INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, clock_timestamp() + $3::interval)
ON CONFLICT (name) DO NOTHING
RETURNING token
"""

# Not ON CONFLICT DO UPDATE: it would lock the row, and so wait for the holder's writers, before it looks whether the
# lease has run out.
_TAKE_OVER: Final = """
UPDATE lease SET token = nextval('lease_token'), holder = $2, expires_at = clock_timestamp() + $3::interval
WHERE name = $1 AND expires_at < clock_timestamp()
RETURNING token
"""
_RENEW: Final = """
UPDATE lease SET expires_at = clock_timestamp() + $3::interval WHERE name = $1 AND token = $2 RETURNING token
"""
_HOLD: Final = "SELECT token FROM lease WHERE name = $1 AND token = $2 FOR KEY SHARE"
_END: Final = "DELETE FROM lease WHERE name = $1 AND token = $2 RETURNING token"


class StoredLeases:
    """Leases on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(self, name: str, holder: str, duration: timedelta) -> Lease | None:
        """See `Leases.acquire`."""
        async with self._database.transaction() as driver:
            return await take(driver, name, holder, duration)

    async def renew(self, lease: Lease, duration: timedelta) -> bool:
        """See `Leases.renew`."""
        async with self._database.driver() as driver:
            return await driver.fetchval(_RENEW, lease.name, lease.token, duration) is not None

    async def release(self, lease: Lease) -> None:
        """See `Leases.release`."""
        async with self._database.driver() as driver:
            await driver.execute(_END, lease.name, lease.token)


async def take(driver: Driver, name: str, holder: str, duration: timedelta) -> Lease | None:
    """The lease, if it is free or has run out; in the transaction that `driver` is in."""
    for statement in (_BEGIN, _TAKE_OVER):
        token = await driver.fetchval(statement, name, holder, duration)
        if token is not None:
            return Lease(name, token)
    return None


async def hold(driver: Driver, lease: Lease | None) -> None:
    """Make sure that the lease stays ours until the transaction ends. One that ran out but was not taken is ours still.

    Everybody locks in this order: instrument or job, lease, rows.

    Raises:
        LeaseLost: it is not.
    """
    if lease is not None and await driver.fetchval(_HOLD, lease.name, lease.token) is None:
        raise LeaseLost(lease.name)


async def end(driver: Driver, lease: Lease) -> None:
    """Give the lease back, in the transaction that `driver` is in.

    Raises:
        LeaseLost: it is not ours any more.
    """
    if await driver.fetchval(_END, lease.name, lease.token) is None:
        raise LeaseLost(lease.name)

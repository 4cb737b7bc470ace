"""All checks, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator

from candlewick.cli.doctor.access import look_at_access
from candlewick.cli.doctor.database import look_at_database
from candlewick.cli.doctor.findings import Finding, failure
from candlewick.cli.doctor.machine import look_at_folder, look_at_port
from candlewick.cli.doctor.redis import look_at_redis
from candlewick.cli.invocation import run
from candlewick.clock import SystemClock
from candlewick.domain.errors import ServiceError
from candlewick.settings import Settings
from candlewick.wiring import Addresses, addresses


def examine(settings: Settings) -> list[Finding]:
    """Every finding. Private services are started for it as any other command would."""
    findings = [look_at_folder(settings.data_dir), look_at_port(settings.http), look_at_access(settings)]
    try:
        with addresses(settings) as where:
            findings += run(_services(settings, where))
    except ServiceError as error:
        name = "CANDLEWICK_DATABASE__URL and CANDLEWICK_REDIS__URL"
        findings.append(failure("private services", str(error), f"Mend that, or name servers of your own with {name}."))
    return findings


async def _services(settings: Settings, where: Addresses) -> list[Finding]:
    return [finding async for finding in _look(settings, where)]


async def _look(settings: Settings, where: Addresses) -> AsyncIterator[Finding]:
    async for finding in look_at_database(settings, where, SystemClock()):
        yield finding
    assert where.redis is not None  # noqa: S101  (asked for)
    async for finding in look_at_redis(where.redis):
        yield finding

"""Whether all that this process works with is there: named checks in, what is wrong with each out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from candlewick.domain.errors import CandlewickError
from candlewick.domain.service import DatabaseEdition
from candlewick.storage.capabilities import Capabilities

PATIENCE: Final = 3.0
"""Seconds that a check may take."""
FRESH: Final = 1.0
"""Seconds for which an answer counts: however many ask, the services are asked about once in that time."""

Check = Callable[[], Awaitable[None]]
"""Raises the error that says what is wrong."""


class Probe:
    """What the service runs on, and whether all of it is there (`graphql.services.ServiceProbe`)."""

    def __init__(
        self, database: Capabilities, checks: Mapping[str, Check], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._checks = checks
        self._monotonic = monotonic
        self._asking = asyncio.Lock()
        self._answers: Mapping[str, str | None] = {}
        self._stale_at = float("-inf")

    @property
    def edition(self) -> DatabaseEdition:
        return self._database.edition

    @property
    def capabilities(self) -> tuple[str, ...]:
        return self._database.names

    async def ready(self) -> Mapping[str, str | None]:
        """Each component with what is wrong with it; None where nothing is. Those who ask at once share the answer."""
        async with self._asking:
            if self._monotonic() >= self._stale_at:
                answers = await asyncio.gather(*(_problem(check) for check in self._checks.values()))
                self._answers = dict(zip(self._checks, answers, strict=True))
                self._stale_at = self._monotonic() + FRESH
            return self._answers


async def _problem(check: Check) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE):
            await check()
    except TimeoutError:
        return f"no answer within {PATIENCE:g} s"
    except CandlewickError as error:
        return str(error)
    return None

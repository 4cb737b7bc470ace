"""The ECB's two files over the network: that of all days, and that of the newest."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from candlewick.domain.raw import Payload
from candlewick.ports import Clock
from candlewick.providers.ecb.rest import FILE_MAGIC, HISTORY, LARGEST, LATEST
from candlewick.providers.http import ProviderHttp

_FRESH: Final = timedelta(hours=1)
"""How long the file of all days is used again: it has all currencies, and changes once on a working day."""


class EcbFiles:
    """Fetches them; the file of all days once for all who want it."""

    def __init__(self, http: ProviderHttp, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._history: Payload | None = None
        self._fetching = asyncio.Lock()

    async def history(self) -> Payload:
        """The rates of all days since 1999; up to an hour old. Errors as for `TradeHistory`."""
        async with self._fetching:
            if self._history is None or self._clock.now() - self._history.received_at > _FRESH:
                self._history = await self._http.get_file(HISTORY, magic=FILE_MAGIC, largest=LARGEST)
            return self._history

    async def latest(self) -> Payload:
        """The rates of the newest day. Errors as for `TradeHistory`."""
        return await self._http.get_file(LATEST, magic=FILE_MAGIC, largest=LARGEST)

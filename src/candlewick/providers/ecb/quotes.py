"""The newest rates, asked again and again, and all there were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from candlewick.domain.errors import SourceRefused, SourceUnavailable
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.domain.time import MICROSECOND, Window
from candlewick.ports import Fetched
from candlewick.providers.ecb import payloads
from candlewick.providers.ecb.files import EcbFiles
from candlewick.providers.ecb.listing import BASE, VENUE
from candlewick.providers.ecb.rest import RATES_V1
from candlewick.providers.http import ProviderHttp

log = structlog.get_logger(__name__)

_A_FEW_DAYS: Final = timedelta(days=92)
"""So much of one currency is asked of Frankfurter, which answers with just that; more comes from the ECB's file."""


class EcbQuotes:
    """The QuoteSource: one small file for all currencies."""

    def __init__(self, files: EcbFiles) -> None:
        self._files = files

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        """See `QuoteSource.pages`."""
        return [await self._files.latest()] if instruments else []

    def read(self, payload: Payload) -> Mapping[str, QuoteLines]:
        """See `QuoteSource.read`."""
        return payloads.quotes(payload)


class EcbQuoteHistory:
    """The QuoteHistory: whatever the window is, one answer has all of it."""

    def __init__(self, files: EcbFiles, frankfurter: ProviderHttp) -> None:
        self._files = files
        self._frankfurter = frankfurter

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        """See `QuoteHistory.page`."""
        if window.end - window.start > _A_FEW_DAYS:
            return await self._files.history()
        last = window.end - MICROSECOND
        path = f"{RATES_V1}{window.start:%Y-%m-%d}..{last:%Y-%m-%d}"
        try:
            return await self._frankfurter.get(path, {"base": BASE, "symbols": instrument.symbol})
        except (SourceUnavailable, SourceRefused) as error:  # the ECB itself has it too, in a larger answer
            log.info("frankfurter_passed_over", source=VENUE, reason=str(error))
            return await self._files.history()

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[QuoteLines]:
        """See `QuoteHistory.read`."""
        found = payloads.quotes(payload, only={instrument.symbol})
        own = found.get(instrument.symbol, QuoteLines([]))
        strangers = found[payloads.NOBODY].rejected if payloads.NOBODY in found else ()
        return Fetched(QuoteLines(own.quotes, [*own.rejected, *strangers], own.last_line), None, complete=True)

"""Polling: what a source says that prices are now, kept as received, then stored where it differs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import batched
from typing import Final

import structlog

from candlewick.domain.errors import CandlewickError, LeaseLost, MalformedPayload, SourceRefused
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import DeadLetter, Payload, RawId
from candlewick.domain.time import Window
from candlewick.pipeline.history import Target, fetch_days
from candlewick.pipeline.importing import Stores
from candlewick.pipeline.strangers import letters_of
from candlewick.ports import Clock, MarketSource, Outcome, QuoteDelivery, QuoteSource

log = structlog.get_logger(__name__)

AT_ONCE: Final = 250
"""Instruments that are asked for before anything of the answers is stored."""
WRITERS: Final = 4
"""Instruments of an answer that are written at the same time: their commits share the wait for the disk."""
DAYS: Final = timedelta(days=10)
"""How far back days are asked for: holidays pass, and sources correct themselves."""
_EXAMPLES: Final = 5


async def poll(
    source: MarketSource, instruments: Sequence[Instrument], stores: Stores, lease: Lease | None = None
) -> Outcome:
    """Ask the source once what the instruments' prices are, and store what is news. Doing it again changes nothing.

    What of the answers can be stored is stored, whatever is wrong with the rest. An answer that cannot be read becomes
    a dead letter, and so does every row that is no quote; quotes of instruments that nobody asked for are passed over.

    Raises:
        SourceRefused: the source has no quotes.
        SourceUnavailable, RateLimited: it cannot be asked now; what was stored before stays.
        MalformedPayload: an answer could not be read. InstrumentBusy: somebody else wrote for too long.
        LeaseLost: somebody else does this by now.
    """
    if source.quotes is None:
        raise SourceRefused(source.source, 404, "it has no quotes")
    polling = _Polling(source.source, source.quotes, stores, lease)
    for group in batched(instruments, AT_ONCE):
        await polling.ask(group)
    polling.end()
    return polling.outcome


async def poll_days(
    clock: Clock, source: MarketSource, instruments: Sequence[Instrument], stores: Stores, lease: Lease | None = None
) -> Outcome:
    """Ask the source for the last days of the instruments, one after the other, and store what is news.

    What has no days there is passed over.

    Raises:
        SourceRefused: the source has no days. LeaseLost: somebody else does this by now.
        SourceUnavailable, RateLimited: it cannot be asked now; what was stored before stays.
    """
    if source.days is None:
        raise SourceRefused(source.source, 404, "it has no days")
    outcome, now = Outcome(), clock.now()
    for instrument in instruments:
        target = Target(instrument, source.source, lease)
        try:
            outcome += await fetch_days(source.days, stores, target, Window(now - DAYS, now), _silent)
        except (SourceRefused, MalformedPayload) as error:
            log.warning("days_left_out", source=source.source, instrument=str(instrument.key), reason=str(error))
    return outcome


def _silent(_: Outcome, __: float) -> None: ...


class _Polling:
    """One round: what became of it so far."""

    def __init__(self, source: str, quotes: QuoteSource, stores: Stores, lease: Lease | None) -> None:
        self._source = source
        self._quotes = quotes
        self._stores = stores
        self._lease = lease
        self._errors: list[CandlewickError] = []
        self._silent: list[str] = []
        self.outcome = Outcome()

    async def ask(self, instruments: Sequence[Instrument]) -> None:
        """Ask for these instruments and store the answers. Whatever comes after a lost lease would be in vain."""
        by_symbol = {instrument.symbol: instrument for instrument in instruments}
        answered: set[str] = set()
        for payload in await self._quotes.pages(instruments):
            asked = replace(payload, wanted_of=[instrument.id for instrument in instruments])
            raw_id = await self._stores.raw.keep_news(asked)
            found = await self._read(payload, raw_id)
            await self._store(payload, raw_id, {by_symbol[s]: lines for s, lines in found.items() if s in by_symbol})
            strangers = {symbol: lines for symbol, lines in found.items() if symbol not in by_symbol}
            await self._keep(
                [each for s, lines in strangers.items() for each in letters_of(payload, s, lines.rejected, raw_id)]
            )
            answered |= found.keys()
        self._silent += [str(each.key) for symbol, each in by_symbol.items() if symbol not in answered]

    def end(self) -> None:
        """Say what is missing, and raise what went wrong."""
        if self._silent:
            log.warning(
                "quotes_missing", source=self._source, count=len(self._silent), examples=self._silent[:_EXAMPLES]
            )
        if self._errors:
            raise self._errors[0]

    async def _read(self, payload: Payload, raw_id: RawId) -> Mapping[str, QuoteLines]:
        try:
            return self._quotes.read(payload)
        except MalformedPayload as error:
            await self._keep([DeadLetter.of_payload(payload, error.reason, raw_id)])
            self._errors.append(error)
            return {}

    async def _keep(self, letters: Sequence[DeadLetter]) -> None:
        if letters:
            await self._stores.letters.keep(letters)
            self.outcome += Outcome(dead=len(letters))

    async def _store(self, payload: Payload, raw_id: RawId, found: Mapping[Instrument, QuoteLines]) -> None:
        deliveries = iter(
            [
                QuoteDelivery(instrument, self._source, lines, payload.received_at, raw_id, lease=self._lease)
                for instrument, lines in found.items()
                if lines.quotes or lines.rejected
            ]
        )
        async with asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(self._write(deliveries))
        if any(isinstance(error, LeaseLost) for error in self._errors):
            self.end()

    async def _write(self, deliveries: Iterator[QuoteDelivery]) -> None:
        """One after the other. An instrument that cannot be written keeps no other from it."""
        for delivery in deliveries:
            try:
                outcome = await self._stores.quotes.put(delivery)
                self.outcome += outcome  # on its own: what others add while this one waits must not be lost
            except CandlewickError as error:
                log.warning(
                    "quotes_left_out", source=self._source, instrument=str(delivery.instrument.key), reason=str(error)
                )
                self._errors.append(error)

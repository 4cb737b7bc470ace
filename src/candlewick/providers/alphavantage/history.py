"""Alpha Vantage's past: days of shares and currencies, prices of commodities. One answer has all there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog

from candlewick.domain.day import DayLines
from candlewick.domain.errors import MalformedPayload, SourceRefused
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.domain.time import Window
from candlewick.ports import Clock, Fetched
from candlewick.providers.alphavantage import prices, series
from candlewick.providers.alphavantage.desk import Desk
from candlewick.providers.alphavantage.listing import COINS, COMMODITIES, VENUE, commodity_of, pair_of
from candlewick.providers.alphavantage.rest import COMPACT_DAYS, DAILY, FX_DAILY, PREMIUM

log = structlog.get_logger(__name__)

_REACH: Final = timedelta(days=COMPACT_DAYS)
"""A hundred sessions go back further, by weekends and holidays; who asks for no more than this has all."""
_BEYOND: Final = timedelta(days=200)
"""Nothing that old is among a hundred sessions, whatever holidays there were."""


class AlphaVantageDays:
    """The DayHistory. A free key gets the newest hundred days, one that was paid for gets all."""

    def __init__(self, desk: Desk, clock: Clock, *, full: bool) -> None:
        self._desk = desk
        self._clock = clock
        self._full = full

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        """See `DayHistory.page`.

        Raises:
            SourceRefused: also where it has no days, or none that old for this key.
        """
        function, asked = _question(instrument)
        if not self._full:
            self._check_age(instrument, window)
        return await self._desk.ask(function, asked | {"outputsize": "full" if self._full else "compact"})

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[DayLines]:
        """See `DayHistory.read`."""
        symbol, lines = series.days(payload)
        if symbol != instrument.symbol:
            raise MalformedPayload(payload.source, payload.endpoint, f"it is of {symbol:.64}, not {instrument.symbol}")
        return Fetched(lines, None, complete=True)

    def _check_age(self, instrument: Instrument, window: Window) -> None:
        now = self._clock.now()
        advice = (
            f"a free key gets the newest {COMPACT_DAYS} days; with a paid one, set sources.{VENUE}.plan to {PREMIUM!r}"
        )
        if window.end <= now - _BEYOND:
            raise SourceRefused(VENUE, 402, f"it has nothing that old of {instrument.symbol} for this key: {advice}")
        if window.start < now - _REACH:
            log.warning("days_may_be_missing", source=VENUE, instrument=str(instrument.key), reason=advice)


class AlphaVantageCommodities:
    """The QuoteHistory: the price of a commodity, by day or by month, in one answer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def page(self, instrument: Instrument, window: Window) -> Payload:  # noqa: ARG002  (it is all or nothing)
        """See `QuoteHistory.page`.

        Raises:
            SourceRefused: also if it is no commodity.
        """
        name = commodity_of(instrument.symbol)
        if name not in COMMODITIES:
            reason = f"it has no past quotes of {instrument.symbol}: backfill its days (--kind days)"
            raise SourceRefused(VENUE, 404, reason)
        return await self._desk.ask(name, {"interval": COMMODITIES[name]})

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[QuoteLines]:
        """See `QuoteHistory.read`."""
        lines = prices.commodity(payload).get(instrument.symbol, QuoteLines([]))
        return Fetched(lines, None, complete=True)


def _question(instrument: Instrument) -> tuple[str, dict[str, str | int]]:
    """What to ask for the instrument's days. Raises SourceRefused: it has none."""
    if commodity_of(instrument.symbol) is not None:
        raise SourceRefused(VENUE, 404, f"{instrument.symbol} has quotes, no days: backfill those (--kind quotes)")
    pair = pair_of(instrument.symbol)
    if pair is None:
        return DAILY, {"symbol": instrument.symbol}
    if pair[0] in COINS:
        raise SourceRefused(VENUE, 404, f"it has days of shares and currencies; {instrument.symbol} is neither")
    return FX_DAILY, {"from_symbol": pair[0], "to_symbol": pair[1]}

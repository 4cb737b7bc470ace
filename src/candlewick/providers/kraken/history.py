"""Kraken's past over REST: trades by time, minute candles of the last 720 minutes.

Wire formats: docs.kraken.com, "Get Recent Trades", "Get OHLC Data".
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

from candlewick.domain.errors import InvalidInput, MalformedPayload, SourceRefused
from candlewick.domain.market import Instrument
from candlewick.domain.raw import CandleLines, Payload, TradeLines
from candlewick.domain.time import Window, microseconds
from candlewick.ports import Clock, Fetched
from candlewick.providers.http import ProviderHttp
from candlewick.providers.kraken import payloads
from candlewick.providers.kraken.listing import VENUE
from candlewick.providers.kraken.names import marked
from candlewick.providers.kraken.rest import KEPT_MINUTES, OHLC, PAGE, TRADES, question

_CURSOR: Final = re.compile(r"since:([0-9]{1,25})")
_NS: Final = 1000
"""Nanoseconds in a microsecond."""
_OVERLAPS: Final = (100_000, 1, 0)
"""Nanoseconds by which a page begins before the last trade of the one before it. The trades of one order have the same
nanosecond, and `since` leaves out what happened at it; a tenth of a millisecond is what a trade without an id takes
its sequence from. If a page has nothing later, the next one begins less before its end."""
_MINUTE: Final = timedelta(minutes=1)


class KrakenTrades:
    """The TradeHistory: paged by time, each page overlapping the one before; what comes twice is known by its id."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def start(self, instrument: Instrument, window: Window) -> str | None:  # noqa: ARG002  (the port's)
        """See `TradeHistory.start`. Nothing need be asked."""
        return _since(window.start)

    def at(self, sequence: int, since: datetime) -> str:  # noqa: ARG002  (the port's)
        """See `TradeHistory.at`: Kraken knows no ids here, so it is all from the trade before it on."""
        return _since(since)

    async def page(self, instrument: Instrument, cursor: str) -> Payload:
        """See `TradeHistory.page`.

        Raises:
            InvalidInput: the cursor is none of ours.
        """
        match = _CURSOR.fullmatch(cursor)
        if match is None:
            raise InvalidInput(f"{cursor[:64]!r} is no place in the trades of Kraken: write since:NANOSECONDS")
        asked = question(instrument) | {"since": match[1], "count": PAGE}
        payload = await self._http.get(TRADES, asked)
        return replace(payload, endpoint=marked(payload.endpoint, [instrument.symbol]))

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[TradeLines]:  # noqa: ARG002  (the port's)
        """See `TradeHistory.read`. A page that is not full ends at the present."""
        page = payloads.page_of(payload)
        lines = payloads.trades_of(page, payload.received_at)
        if len(page.rows) < PAGE:
            return Fetched(lines, None)
        asked = int(parse_qs(urlsplit(payload.endpoint).query).get("since", ["0"])[0])
        last = int(page.last or 0)
        for overlap in _OVERLAPS:
            if last - overlap > asked:
                return Fetched(lines, f"since:{last - overlap}")
        raise MalformedPayload(payload.source, payload.endpoint, f"its page ends at {page.last!r}, where it began")


class KrakenCandles:
    """The CandleHistory: OHLC of a minute, as far back as Kraken has any."""

    def __init__(self, http: ProviderHttp, clock: Clock) -> None:
        self._http = http
        self._clock = clock

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        """See `CandleHistory.page`.

        Raises:
            SourceRefused: the window begins before what Kraken still has.
        """
        running = self._clock.now().replace(second=0, microsecond=0)
        oldest = running - KEPT_MINUTES * _MINUTE
        if window.start < oldest:
            raise SourceRefused(
                VENUE,
                404,
                f"it has minute candles of the last {KEPT_MINUTES} minutes, from {oldest:%Y-%m-%dT%H:%MZ} on, and none "
                f"of {window.start:%Y-%m-%dT%H:%MZ}. Backfill trades instead: candles are made of them",
            )
        since = microseconds(window.start) // (1000 * _NS) - 1
        payload = await self._http.get(OHLC, question(instrument) | {"interval": 1, "since": since})
        return replace(payload, endpoint=marked(payload.endpoint, [instrument.symbol]))

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[CandleLines]:  # noqa: ARG002  (the port's)
        """See `CandleHistory.read`."""
        return Fetched(payloads.candles(payload), None)


def _since(moment: datetime) -> str:
    """What happened at the moment is part of it: `since` itself is not."""
    return f"since:{max(microseconds(moment) * _NS - _OVERLAPS[0], 0)}"

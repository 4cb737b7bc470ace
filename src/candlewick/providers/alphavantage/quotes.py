"""What prices are now: one question an instrument, since Alpha Vantage takes no more at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

import structlog

from candlewick.domain.errors import SourceRefused, SourceUnavailable
from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import Payload
from candlewick.providers.alphavantage import prices
from candlewick.providers.alphavantage.desk import Desk
from candlewick.providers.alphavantage.listing import COMMODITIES, VENUE, commodity_of, pair_of
from candlewick.providers.alphavantage.rest import EXCHANGE_RATE, GLOBAL_QUOTE

log = structlog.get_logger(__name__)


class AlphaVantageQuotes:
    """The QuoteSource. What was answered before the day's requests were used up is not thrown away."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        """See `QuoteSource.pages`. An instrument that is refused is left out, and said so in the log."""
        pages: list[Payload] = []
        for instrument in instruments:
            try:
                pages.append(await self._desk.ask(*_question(instrument)))
            except SourceRefused as error:
                if len(instruments) == 1 or error.status == 401:
                    raise
                log.warning("quote_refused", source=VENUE, symbol=instrument.symbol, reason=error.reason)
            except SourceUnavailable as error:
                if not pages:
                    raise
                left = len(instruments) - instruments.index(instrument)
                log.warning("quotes_put_off", source=VENUE, count=left, reason=error.reason)
                break
        return pages

    def read(self, payload: Payload) -> Mapping[str, QuoteLines]:
        """See `QuoteSource.read`."""
        match parse_qs(urlsplit(payload.endpoint).query).get("function", [""])[0]:
            case function if function == GLOBAL_QUOTE:
                return prices.share(payload)
            case function if function == EXCHANGE_RATE:
                return prices.rate(payload)
        return prices.commodity(payload)


def _question(instrument: Instrument) -> tuple[str, dict[str, str | int]]:
    name, pair = commodity_of(instrument.symbol), pair_of(instrument.symbol)
    if name is not None:
        return name, {"interval": COMMODITIES.get(name, "monthly")}
    if pair is not None:
        return EXCHANGE_RATE, {"from_currency": pair[0], "to_currency": pair[1]}
    return GLOBAL_QUOTE, {"symbol": instrument.symbol}

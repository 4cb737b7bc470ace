"""What the ECB publishes: the price of the euro in some forty currencies, once on each day of the TARGET system."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from candlewick.domain.market import AssetClass, InstrumentKey, InstrumentStatus, Tape
from candlewick.ports import Listing

VENUE: Final = "ecb"
VENUE_NAME: Final = "European Central Bank, reference rates"
BASE: Final = "EUR"
SINCE: Final = datetime(1999, 1, 4, tzinfo=UTC)
_FRANKFURT: Final = ZoneInfo("Europe/Berlin")
_PUBLISHED: Final = time(16, 0)


def published_at(day: date) -> datetime:
    """When the rates of a day became known: at 16:00 in Frankfurt, in summer as in winter.

    They are what central banks saw at 14:15, but nobody else knew them then. Before July 2016 they came out a little
    earlier; one rule for all days is never too early. Source: ecb.europa.eu, "Euro foreign exchange reference rates".
    """
    return datetime.combine(day, _PUBLISHED, _FRANKFURT).astimezone(UTC)


def listing(currency: str, status: InstrumentStatus) -> Listing:
    """How the euro's price in a currency is listed: `ecb:EUR-USD`, whose symbol is USD."""
    return Listing(
        key=InstrumentKey(VENUE, BASE, currency),
        symbol=currency,
        tape=Tape.TRADES,
        base_class=AssetClass.FIAT,
        quote_class=AssetClass.FIAT,
        venue_name=VENUE_NAME,
        status=status,
        base_name="Euro",
    )

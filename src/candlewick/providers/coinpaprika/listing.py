"""CoinPaprika's own names for itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from candlewick.providers.coins import CoinVenue

VENUE: Final = "coinpaprika"
VENUE_NAME: Final = "CoinPaprika"
COINPAPRIKA: Final = CoinVenue(VENUE, VENUE_NAME)
SINCE: Final = datetime(2010, 7, 17, tzinfo=UTC)
"""The first day of which it has a price."""

"""CoinGecko's own names for itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from candlewick.providers.coins import CoinVenue

VENUE: Final = "coingecko"
VENUE_NAME: Final = "CoinGecko"
COINGECKO: Final = CoinVenue(VENUE, VENUE_NAME)
SINCE: Final = datetime(2013, 4, 28, tzinfo=UTC)
"""The first day of which it has a price."""

"""Binance spot: its archive files come in, trades and minute candles go out."""

from candlewick.providers.binance.archive import BinanceArchives
from candlewick.providers.binance.listing import VENUE, VENUE_NAME
from candlewick.providers.provider import Provider

PROVIDER = Provider(VENUE, VENUE_NAME, archives=BinanceArchives)

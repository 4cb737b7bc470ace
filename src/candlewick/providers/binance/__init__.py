"""Binance spot: archive files, REST pages and stream messages come in; trades, minute candles, listings go out."""

from candlewick.providers.binance.archive import BinanceArchives
from candlewick.providers.binance.listing import VENUE, VENUE_NAME
from candlewick.providers.binance.market_source import binance_source
from candlewick.providers.provider import Provider

PROVIDER = Provider(VENUE, VENUE_NAME, archives=BinanceArchives, source=binance_source)

"""Binance spot: archive files, REST pages and stream messages come in; trades, minute candles, listings go out."""

from candlewick.providers.binance.archive import BinanceArchives
from candlewick.providers.binance.listing import VENUE, VENUE_NAME
from candlewick.providers.binance.market_source import binance_source
from candlewick.providers.binance.replaced import replaced_files
from candlewick.providers.provider import Access, Provider, Simulator


def _simulator() -> Simulator:
    from candlewick.providers.binance.simulator import SIMULATOR  # noqa: PLC0415  (see Provider.simulator)

    return SIMULATOR


PROVIDER = Provider(
    VENUE,
    VENUE_NAME,
    Access(
        rest_url="https://api.binance.com",
        archive_url="https://data.binance.vision",
        stream_url="wss://data-stream.binance.vision",
        weight_per_minute=4_800,  # an address may use 6,000
    ),
    archives=BinanceArchives,
    replaced=replaced_files,
    source=binance_source,
    simulator=_simulator,
)

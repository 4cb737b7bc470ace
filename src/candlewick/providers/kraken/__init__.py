"""Kraken spot, crypto and FX: REST pages and websocket messages come in; trades, candles, quotes, listings go out."""

from candlewick.providers.kraken.listing import VENUE, VENUE_NAME
from candlewick.providers.kraken.market_source import kraken_source
from candlewick.providers.provider import Access, Provider, Simulator


def _simulator() -> Simulator:
    from candlewick.providers.kraken.simulator import SIMULATOR  # noqa: PLC0415  (see Provider.simulator)

    return SIMULATOR


PROVIDER = Provider(
    VENUE,
    VENUE_NAME,
    Access(
        rest_url="https://api.kraken.com",
        stream_url="wss://ws.kraken.com",
        weight_per_minute=60,  # about one a second is what it asks for
    ),
    source=kraken_source,
    simulator=_simulator,
)

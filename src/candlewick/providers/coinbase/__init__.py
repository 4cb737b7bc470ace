"""Coinbase Exchange: REST pages and stream messages come in; trades, minute candles, quotes, listings go out."""

from candlewick.providers.coinbase.listing import VENUE, VENUE_NAME
from candlewick.providers.coinbase.market_source import coinbase_source
from candlewick.providers.provider import Access, Provider, Simulator


def _simulator() -> Simulator:
    from candlewick.providers.coinbase.simulator import SIMULATOR  # noqa: PLC0415  (see Provider.simulator)

    return SIMULATOR


PROVIDER = Provider(
    VENUE,
    VENUE_NAME,
    Access(
        rest_url="https://api.exchange.coinbase.com",
        stream_url="wss://ws-feed.exchange.coinbase.com",
        weight_per_minute=480,  # an address may send 10 requests a second
    ),
    source=coinbase_source,
    simulator=_simulator,
)

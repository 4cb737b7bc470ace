"""CoinGecko: REST answers about coins come in; quotes with market caps and volumes, and listings, go out."""

from datetime import timedelta

from candlewick.providers.coingecko.listing import VENUE, VENUE_NAME
from candlewick.providers.coingecko.market_source import coingecko_source
from candlewick.providers.coingecko.rest import PER_MINUTE, REST_URL
from candlewick.providers.provider import Access, Provider, Simulator


def _simulator() -> Simulator:
    from candlewick.providers.coingecko.simulator import SIMULATOR  # noqa: PLC0415  (see Provider.simulator)

    return SIMULATOR


PROVIDER = Provider(
    VENUE,
    VENUE_NAME,
    Access(rest_url=REST_URL, weight_per_minute=PER_MINUTE, poll_every=timedelta(minutes=5)),
    source=coingecko_source,
    simulator=_simulator,
)

"""CoinPaprika: REST answers about coins come in; quotes with market caps and volumes, and listings, go out."""

from datetime import timedelta

from candlewick.providers.coinpaprika.listing import VENUE, VENUE_NAME
from candlewick.providers.coinpaprika.market_source import coinpaprika_source
from candlewick.providers.coinpaprika.rest import REST_URL
from candlewick.providers.provider import Access, Provider, Simulator


def _simulator() -> Simulator:
    from candlewick.providers.coinpaprika.simulator import SIMULATOR  # noqa: PLC0415  (see Provider.simulator)

    return SIMULATOR


PROVIDER = Provider(
    VENUE,
    VENUE_NAME,
    Access(rest_url=REST_URL, weight_per_minute=60, poll_every=timedelta(minutes=10)),
    source=coinpaprika_source,
    simulator=_simulator,
)

"""Alpha Vantage: series and prices of shares, currencies and commodities come in; days, quotes and listings go out."""

from datetime import timedelta

from candlewick.domain.market import AssetClass
from candlewick.providers.alphavantage.listing import VENUE, VENUE_NAME
from candlewick.providers.alphavantage.market_source import alphavantage_source
from candlewick.providers.provider import Access, Provider, Simulator


def _simulator() -> Simulator:
    from candlewick.providers.alphavantage.simulator import SIMULATOR  # noqa: PLC0415  (see Provider.simulator)

    return SIMULATOR


PROVIDER = Provider(
    VENUE,
    VENUE_NAME,
    Access(
        rest_url="https://www.alphavantage.co",
        weight_per_minute=60,  # one a second is what a free key may ask at once
        poll_every=timedelta(hours=24),  # a free key has 25 requests a day
    ),
    source=alphavantage_source,
    simulator=_simulator,
    calendars={AssetClass.EQUITY: "XNYS"},
)

"""The ECB's reference rates, from itself and from Frankfurter: tables and JSON come in, quotes and listings go out."""

from datetime import timedelta

from candlewick.domain.market import AssetClass
from candlewick.providers.ecb.listing import VENUE, VENUE_NAME
from candlewick.providers.ecb.market_source import ecb_source
from candlewick.providers.provider import Access, Provider, Simulator


def _simulator() -> Simulator:
    from candlewick.providers.ecb.simulator import SIMULATOR  # noqa: PLC0415  (see Provider.simulator)

    return SIMULATOR


PROVIDER = Provider(
    VENUE,
    VENUE_NAME,
    Access(
        rest_url="https://api.frankfurter.dev",
        archive_url="https://www.ecb.europa.eu",
        weight_per_minute=30,
        poll_every=timedelta(minutes=30),
    ),
    source=ecb_source,
    simulator=_simulator,
    calendars={AssetClass.FIAT: "TARGET"},
)

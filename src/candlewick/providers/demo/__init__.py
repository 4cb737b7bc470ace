"""A market that does not exist: a seed comes in, trades at made-up prices go out. Named so that nobody is misled."""

from candlewick.providers.demo.market import VENUE, VENUE_NAME, demo_market
from candlewick.providers.demo.source import demo_source
from candlewick.providers.provider import Provider, Simulator


def _simulator() -> Simulator:
    from candlewick.providers.demo.simulator import SIMULATOR  # noqa: PLC0415  (see Provider.simulator)

    return SIMULATOR


PROVIDER = Provider(VENUE, VENUE_NAME, market=demo_market, source=demo_source, simulator=_simulator)

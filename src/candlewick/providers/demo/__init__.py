"""A market that does not exist: a seed comes in, trades at made-up prices go out. Named so that nobody is misled."""

from candlewick.providers.demo.market import VENUE, VENUE_NAME, demo_market
from candlewick.providers.demo.source import demo_source
from candlewick.providers.provider import Provider

PROVIDER = Provider(VENUE, VENUE_NAME, market=demo_market, source=demo_source)

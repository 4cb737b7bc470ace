"""What Coinbase lists and what its prices are, asked of the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from candlewick.domain.errors import MalformedPayload, SourceRefused
from candlewick.domain.market import InstrumentStatus
from candlewick.providers.coinbase.directory import CoinbaseDirectory, CoinbaseQuotes
from coinbase_simulated import BTC, Asked, asking, instrument, small_market
from markets import FrozenClock
from simulated import NOW
from source_doubles import client
from unit.providers.coinbase.wire import TICKER, answer

MARKET = small_market()


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    async with asking(MARKET, FrozenClock(NOW)) as found:
        yield found


async def test_every_product_is_listed_as_the_market_has_it(asked: Asked) -> None:
    directory = CoinbaseDirectory(asked.http)

    [payload] = [page async for page in directory.pages()]
    assert list(directory.read(payload)) == list(MARKET.listings())
    assert [each.status for each in directory.read(payload)] == [InstrumentStatus.TRADING, InstrumentStatus.DELISTED]


async def test_a_quote_is_the_newest_trade_between_bid_and_ask(asked: Asked) -> None:
    quotes = CoinbaseQuotes(asked.http)
    newest = MARKET.from_sequence(BTC, MARKET.sequence_at(BTC, NOW) - 1, 1).trades()[0]

    [payload] = await quotes.pages([instrument()])
    [quote] = quotes.read(payload)["BTC-USD"].quotes
    assert (quote.price, quote.ts) == (newest.price, newest.ts)
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid <= newest.price <= quote.ask
    assert quote.bid < quote.ask


async def test_a_product_that_is_refused_keeps_no_other_from_being_asked(asked: Asked) -> None:
    payloads = await CoinbaseQuotes(asked.http).pages([instrument("NOPE"), instrument()])

    assert [each.endpoint for each in payloads] == ["/products/BTC-USD/ticker"]


async def test_one_product_that_is_refused_is_an_error(asked: Asked) -> None:
    with pytest.raises(SourceRefused, match="NotFound"):
        await CoinbaseQuotes(asked.http).pages([instrument("NOPE")])


async def test_only_tickers_are_quotes() -> None:
    http, *_ = client(lambda _: httpx.Response(500))

    with pytest.raises(MalformedPayload, match="no ticker of a product"):
        CoinbaseQuotes(http).read(answer(TICKER, "/products/BTC-USD"))

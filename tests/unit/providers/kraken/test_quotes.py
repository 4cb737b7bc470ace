"""What prices are now: many pairs at once, and one that Kraken does not know stands in nobody's way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import httpx
from structlog.testing import capture_logs

from candlewick.domain.market import AssetClass, Instrument
from candlewick.providers.kraken import names
from candlewick.providers.kraken.quotes import KrakenQuotes
from candlewick.providers.kraken.rest import objection
from markets import FrozenClock
from source_doubles import client
from unit.providers.kraken.test_tickers import TICKER
from unit.providers.kraken.wire import BTC


class Venue:
    """Knows some pairs, and refuses a question with any other in it."""

    def __init__(self, *known: str) -> None:
        self.known = known
        self.asked: list[str] = []
        self.clock = FrozenClock()
        self.quotes = KrakenQuotes(client(self, objection=objection)[0], self.clock)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params["pair"]
        self.asked.append(asked)
        if not set(asked.split(",")) <= set(self.known):
            return httpx.Response(200, json={"error": ["EQuery:Unknown asset pair"], "result": {}})
        return httpx.Response(200, json={"error": [], "result": dict.fromkeys(asked.split(","), TICKER)})


def pairs(*symbols: str) -> list[Instrument]:
    return [replace(BTC, symbol=symbol) for symbol in symbols]


async def test_many_pairs_are_one_question() -> None:
    venue = Venue("XBTUSD", "ETHUSD")
    (page,) = await venue.quotes.pages(pairs("BTC/USD", "ETH/USD"))

    assert venue.asked == ["XBTUSD,ETHUSD"]
    assert names.asked(page.endpoint) == ["BTC/USD", "ETH/USD"]
    assert set(venue.quotes.read(page)) == {"BTC/USD", "ETH/USD"}


async def test_more_pairs_than_a_url_should_hold_are_several_questions() -> None:
    symbols = [f"A{number}/USD" for number in range(120)]
    venue = Venue(*(f"A{number}USD" for number in range(120)))

    pages = await venue.quotes.pages(pairs(*symbols))

    assert [len(names.asked(page.endpoint)) for page in pages] == [50, 50, 20]


async def test_nothing_asked_is_no_question() -> None:
    venue = Venue()

    assert (await venue.quotes.pages([]), venue.asked) == ([], [])


async def test_a_tokenized_share_is_asked_for_apart() -> None:
    venue = Venue("XBTUSD", "AAPLxUSD")
    share = replace(BTC, symbol="AAPLx/USD", asset_class=AssetClass.EQUITY)
    pages = await venue.quotes.pages([BTC, share])

    assert venue.asked == ["XBTUSD", "AAPLxUSD"]
    assert "asset_class=tokenized_asset" in pages[1].endpoint


async def test_a_pair_that_kraken_does_not_know_keeps_no_other_from_its_quote() -> None:
    venue = Venue("XBTUSD", "ETHUSD", "LTCUSD")
    with capture_logs() as logs:
        pages = await venue.quotes.pages(pairs("BTC/USD", "GONE/USD", "ETH/USD", "LTC/USD"))

    assert sorted(symbol for page in pages for symbol in names.asked(page.endpoint)) == [
        "BTC/USD",
        "ETH/USD",
        "LTC/USD",
    ]
    assert [each["symbol"] for each in logs if each["event"] == "quote_refused"] == ["GONE/USD"]


async def test_a_refused_pair_is_not_asked_for_again_for_an_hour() -> None:
    venue = Venue("XBTUSD")
    await venue.quotes.pages(pairs("BTC/USD", "GONE/USD"))
    venue.asked.clear()

    await venue.quotes.pages(pairs("BTC/USD", "GONE/USD"))
    assert venue.asked == ["XBTUSD"]

    venue.clock.moment += timedelta(hours=1)
    venue.known = ("XBTUSD", "GONEUSD")
    await venue.quotes.pages(pairs("BTC/USD", "GONE/USD"))
    assert venue.asked[-1] == "XBTUSD,GONEUSD"

"""What is known of the prices that are asked for, put together for all questions at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from candlewick.domain.errors import NotYet, UnknownAsset
from candlewick.domain.market import Asset, AssetClass, AssetId, Instrument
from candlewick.domain.price import AssetName, Observation, PriceBook, PricedMarket, PriceQuestion
from candlewick.ports import Clock, PriceReads, Sight

BRIDGES: Final = (
    AssetName("USD", AssetClass.FIAT),
    AssetName("EUR", AssetClass.FIAT),
    AssetName("USDT", AssetClass.CRYPTO),
    AssetName("USDC", AssetClass.CRYPTO),
    AssetName("BTC", AssetClass.CRYPTO),
)
"""What a price may lead through, the best first: money that the rates of central banks are in, then the coins that most
others are traded against. A stablecoin is worth what its own market says, never simply a dollar."""
AHEAD: Final = timedelta(minutes=1)
"""So far the clocks of venues may be ahead of ours: what was seen then is seen now."""


class _Asked(NamedTuple):
    """A question about assets that there are."""

    asset: Asset
    quote: Asset
    at: datetime
    upto: datetime
    current: bool
    max_age: timedelta


class Pricing:
    """The PriceDesk. `made_up`: venues whose prices are nobody's."""

    def __init__(self, reads: PriceReads, clock: Clock, made_up: frozenset[str] = frozenset()) -> None:
        self._reads = reads
        self._clock = clock
        self._made_up = made_up

    async def books(self, questions: Sequence[PriceQuestion]) -> Sequence[PriceBook | UnknownAsset | NotYet]:
        """See `PriceDesk.books`."""
        names = {name for question in questions for name in (question.asset, question.quote)}
        assets = await self._reads.assets({name.code for name in (*names, *BRIDGES)})
        found = {name: name.choose(assets) for name in (*names, *BRIDGES)}
        bridges = [bridge.id for name in BRIDGES if (bridge := found[name]) is not None]
        now = self._clock.now()
        asked = [_ask(question, found, now) for question in questions]
        books = await self._known({each for each in asked if isinstance(each, _Asked)}, bridges)
        return [books[each] if isinstance(each, _Asked) else each for each in asked]

    async def _known(self, asked: Collection[_Asked], bridges: Sequence[AssetId]) -> Mapping[_Asked, PriceBook]:
        ids = {asset.id for each in asked for asset in (each.asset, each.quote)}
        instruments = await self._reads.markets({*ids, *bridges}) if asked else ()
        wanted = {each: _markets(each, instruments, bridges) for each in asked}
        sights = {Sight.of(one, each.upto) for each, those in wanted.items() for one in those}
        seen = await self._reads.last_seen(sights) if sights else {}
        return {each: self._book(each, those, seen, bridges) for each, those in wanted.items()}

    def _book(
        self,
        asked: _Asked,
        instruments: Sequence[Instrument],
        seen: Mapping[Sight, Sequence[Observation]],
        bridges: Sequence[AssetId],
    ) -> PriceBook:
        markets = [PricedMarket(each, seen.get(Sight.of(each, asked.upto), ())) for each in instruments]
        return PriceBook(
            asked.asset, asked.quote, asked.at, markets, bridges, asked.max_age, asked.current, self._made_up
        )


def _ask(
    question: PriceQuestion, found: Mapping[AssetName, Asset | None], now: datetime
) -> _Asked | UnknownAsset | NotYet:
    """The question about the assets that its names mean; or why there is no answer."""
    asset, quote = found[question.asset], found[question.quote]
    if asset is None or quote is None:
        return UnknownAsset(str(question.asset if asset is None else question.quote))
    if question.at is not None and question.at > now + AHEAD:
        return NotYet(question.at, now)
    if question.at is None:
        return _Asked(asset, quote, now, now + AHEAD, current=True, max_age=question.max_age)
    return _Asked(asset, quote, question.at, question.at, current=False, max_age=question.max_age)


def _markets(asked: _Asked, instruments: Sequence[Instrument], bridges: Sequence[AssetId]) -> list[Instrument]:
    """Those between the two, from each of them to a bridge, and between bridges."""
    if asked.asset.id == asked.quote.id:
        return []
    ends = {asked.asset.id, asked.quote.id, *bridges}
    return [each for each in instruments if each.base_id in ends and each.quote_id in ends]

"""How markets stand: what moved most, and how large they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from candlewick.domain.errors import UnknownAsset
from candlewick.domain.interval import Duration
from candlewick.domain.market import AssetClass, AssetId
from candlewick.domain.market_stats import MarketFigures, widest
from candlewick.domain.movers import (
    Move,
    Mover,
    MoverRank,
    Movers,
    Traded,
    Universe,
    before,
    by_change,
    by_turnover,
    turnover,
)
from candlewick.domain.price import AssetName, PriceBook, PriceQuestion
from candlewick.domain.pricing import composite
from candlewick.domain.time import Window
from candlewick.ports import Clock, MarketReads, PriceDesk, PriceReads

MONEY: Final = "USD"
"""What volumes are compared in, if anything is known of it."""
RECENTLY: Final = timedelta(days=1)
"""What a source last said longer ago is no figure of today."""
_NOTHING: Final = Traded(None, None)


class Markets:
    """The MarketDesk."""

    def __init__(self, reads: MarketReads, prices: PriceReads, desk: PriceDesk, clock: Clock) -> None:
        self._reads = reads
        self._prices = prices
        self._desk = desk
        self._clock = clock

    async def movers(self, rank: MoverRank, universe: Universe, width: Duration, first: int) -> Movers:
        """See `MarketDesk.movers`. Until the minute that has just ended."""
        end = self._clock.now().replace(second=0, microsecond=0)
        window = Window(before(end, width), end)
        moves = await self._reads.moves(universe, window)
        measure, rates = await self._measured(moves, universe, end)
        if rank is not MoverRank.VOLUME:
            moves = by_change(moves, rank, first)
        traded = await self._reads.traded(moves, window) if moves else {}
        movers = [_mover(move, traded.get(move.instrument.id, _NOTHING), rates) for move in moves]
        return Movers(window, measure, by_turnover(movers, first) if rank is MoverRank.VOLUME else movers)

    async def figures(
        self, asset_class: AssetClass | None, quote: AssetName, source: str | None
    ) -> MarketFigures | None:
        """See `MarketDesk.figures`."""
        found = quote.choose(await self._prices.assets({quote.code}))
        if found is None and quote.code == MONEY:
            return None  # nothing is priced in dollars yet
        if found is None:
            raise UnknownAsset(str(quote))
        since = self._clock.now() - RECENTLY
        return widest(await self._reads.figures(found.id, asset_class, since), source)

    async def _measured(
        self, moves: Sequence[Move], universe: Universe, at: datetime
    ) -> tuple[str, Mapping[AssetId, Fraction]]:
        """What turnovers are compared in, and what each quote asset is worth in it, as far as anybody knows."""
        quotes = Counter(move.instrument.key.quote for move in moves)
        rates: Mapping[AssetId, Fraction] = {}
        commonest = max(sorted(quotes), key=quotes.__getitem__, default=MONEY)
        for measure in [universe.quote] if universe.quote else [MONEY, commonest]:
            rates = await self._rates(quotes, measure, at) if moves else {}
            if rates:
                return measure, rates
        return universe.quote or MONEY, rates

    async def _rates(self, codes: Iterable[str], measure: str, at: datetime) -> Mapping[AssetId, Fraction]:
        wanted = AssetName(measure)
        books = await self._desk.books([PriceQuestion(AssetName(code), wanted, at) for code in sorted(codes)])
        known = [book for book in books if isinstance(book, PriceBook)]
        rates = {book.asset.id: composite(book).price for book in known}
        return {asset_id: rate for asset_id, rate in rates.items() if rate is not None}


def _mover(move: Move, traded: Traded, rates: Mapping[AssetId, Fraction]) -> Mover:
    return Mover(move, traded, turnover(move, traded, rates))

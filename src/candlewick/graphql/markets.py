"""What the fields `movers` and `marketStats` are asked, and how they are answered."""

from __future__ import annotations

from typing import Annotated, Final

import strawberry

from candlewick.domain.interval import Duration, Interval
from candlewick.domain.movers import MOST, Universe
from candlewick.domain.price import AssetName
from candlewick.graphql.context import Context
from candlewick.graphql.limits import MARKET_ROWS
from candlewick.graphql.paging import check_size
from candlewick.graphql.text import clean
from candlewick.graphql.types.enums import AssetClass, MoverRank
from candlewick.graphql.types.market import MarketStats, Mover

DAY: Final = Interval.D1.duration

By = Annotated[MoverRank, strawberry.argument(description="What they are ranked by.")]
Within = Annotated[Duration, strawberry.argument(description="Of what length the window is that ends now.")]
MoverCount = Annotated[int, strawberry.argument(description=f"How many; 1 to {MOST}.")]
OfClass = Annotated[AssetClass | None, strawberry.argument(description="Only base assets of this class.")]
AtVenue = Annotated[str | None, strawberry.argument(description="Only this venue, by its code.")]
QuotedIn = Annotated[str | None, strawberry.argument(description="Only what is priced in this asset, by its code.")]
FiguresIn = Annotated[str, strawberry.argument(description="What the figures are in: a code such as USD.")]
FiguresOf = Annotated[
    str | None, strawberry.argument(description="Whose figures; of the source that knows most assets if left out.")
]


async def list_movers(
    context: Context, rank: MoverRank, width: Duration, first: int, universe: Universe
) -> list[Mover]:
    """The answer to `movers`."""
    check_size("first", first, MOST)
    context.budget.charge(MARKET_ROWS)
    wanted = Universe(universe.asset_class, clean(universe.venue, "venue"), clean(universe.quote, "quote"))
    found = await context.services.markets.movers(rank, wanted, width, first)
    return [Mover.of(row, place, found) for place, row in enumerate(found.rows, 1)]


async def stats(context: Context, asset_class: AssetClass | None, quote: str, source: str | None) -> MarketStats:
    """The answer to `marketStats`.

    Raises:
        UnknownAsset: there is no such quote asset.
    """
    context.budget.charge(MARKET_ROWS)
    name = AssetName.parse(clean(quote, "quote") or "")
    figures = await context.services.markets.figures(asset_class, name, clean(source, "source"))
    return MarketStats.of(figures, name.code)

"""What is known of prices, by question."""

from __future__ import annotations

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from candlewick.domain.errors import NotYet, UnknownAsset
from candlewick.domain.price import PriceBook, PriceQuestion
from candlewick.ports import PriceDesk

type PriceBookLoader = DataLoader[PriceQuestion, PriceBook]


def price_book_loader(desk: PriceDesk) -> PriceBookLoader:
    """Raises UnknownAsset or NotYet for the questions that cannot be answered."""

    async def load(keys: Sequence[PriceQuestion]) -> Sequence[PriceBook | UnknownAsset | NotYet]:
        return await desk.books(keys)

    return DataLoader(load_fn=load)

"""Loaders: keys that resolvers ask for one by one go in, one call of a port for all of them comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from candlewick.graphql.loaders.asset import AssetLoader, asset_loader
from candlewick.graphql.loaders.candle_columns import ColumnLoader, column_loader
from candlewick.graphql.loaders.candles import CandleLoader, candle_loader
from candlewick.graphql.loaders.factors import FactorLoader, factor_loader
from candlewick.graphql.loaders.freshness import FreshnessLoader, freshness_loader
from candlewick.graphql.loaders.gaps import GapLoader, gap_loader
from candlewick.graphql.loaders.instrument_by_id import InstrumentByIdLoader, instrument_by_id_loader
from candlewick.graphql.loaders.instrument_by_key import InstrumentByKeyLoader, instrument_by_key_loader
from candlewick.graphql.loaders.latest import LatestLoader, latest_loader
from candlewick.graphql.loaders.payloads import (
    BodyLoader,
    OriginLoader,
    PayloadLoader,
    body_loader,
    origin_loader,
    payload_loader,
)
from candlewick.graphql.loaders.price_books import PriceBookLoader, price_book_loader
from candlewick.graphql.loaders.quotes import QuoteLoader, quote_loader
from candlewick.graphql.loaders.source_status import SourceStatusLoader, source_status_loader
from candlewick.graphql.loaders.trades import TradeLoader, trade_loader
from candlewick.graphql.loaders.venue import VenueLoader, venue_loader
from candlewick.graphql.loaders.written_candles import WrittenCandleLoader, written_candle_loader
from candlewick.graphql.services import Services


@dataclass(frozen=True, slots=True)
class Loaders:
    """One set an operation: a set that lived longer would serve stale rows."""

    assets: AssetLoader
    venues: VenueLoader
    instruments_by_id: InstrumentByIdLoader
    instruments_by_key: InstrumentByKeyLoader
    candles: CandleLoader
    candle_columns: ColumnLoader
    factors: FactorLoader
    trades: TradeLoader
    written_candles: WrittenCandleLoader
    quotes: QuoteLoader
    latest: LatestLoader
    price_books: PriceBookLoader
    freshness: FreshnessLoader
    gaps: GapLoader
    origins: OriginLoader
    payloads: PayloadLoader
    bodies: BodyLoader
    source_status: SourceStatusLoader

    @classmethod
    def fresh(cls, services: Services) -> Self:
        return cls(
            assets=asset_loader(services.instruments),
            venues=venue_loader(services.instruments),
            instruments_by_id=instrument_by_id_loader(services.instruments),
            instruments_by_key=instrument_by_key_loader(services.instruments),
            candles=candle_loader(services.candles),
            candle_columns=column_loader(services.candles),
            factors=factor_loader(services.days),
            trades=trade_loader(services.trades),
            written_candles=written_candle_loader(services.candles),
            quotes=quote_loader(services.quotes),
            latest=latest_loader(services.latest),
            price_books=price_book_loader(services.pricing),
            freshness=freshness_loader(services.freshness),
            gaps=gap_loader(services.gaps),
            origins=origin_loader(services.raw_reads),
            payloads=payload_loader(services.raw_reads),
            bodies=body_loader(services.raw_reads),
            source_status=source_status_loader(services.overseer),
        )

"""Loaders: keys that resolvers ask for one by one go in, one call of a port for all of them comes out."""

from __future__ import annotations

from functools import cached_property

from candlewick.graphql.loaders.asset import AssetLoader, asset_loader
from candlewick.graphql.loaders.backtests import (
    BacktestsOfJobLoader,
    CurveLoader,
    backtests_of_job_loader,
    curve_loader,
)
from candlewick.graphql.loaders.bars import BarLoader, BarSeriesLoader, bar_loader, bar_series_loader
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


class Loaders:
    """One set an operation: a set that lived longer would serve stale rows. Each is made when it is asked for first."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @cached_property
    def assets(self) -> AssetLoader:
        return asset_loader(self._services.instruments)

    @cached_property
    def venues(self) -> VenueLoader:
        return venue_loader(self._services.instruments)

    @cached_property
    def instruments_by_id(self) -> InstrumentByIdLoader:
        return instrument_by_id_loader(self._services.instruments)

    @cached_property
    def instruments_by_key(self) -> InstrumentByKeyLoader:
        return instrument_by_key_loader(self._services.instruments)

    @cached_property
    def candles(self) -> CandleLoader:
        return candle_loader(self._services.candles)

    @cached_property
    def bars(self) -> BarLoader:
        return bar_loader(self._services.bars)

    @cached_property
    def bar_series(self) -> BarSeriesLoader:
        return bar_series_loader(self._services.bars)

    @cached_property
    def candle_columns(self) -> ColumnLoader:
        return column_loader(self._services.candles)

    @cached_property
    def factors(self) -> FactorLoader:
        return factor_loader(self._services.days)

    @cached_property
    def trades(self) -> TradeLoader:
        return trade_loader(self._services.trades)

    @cached_property
    def written_candles(self) -> WrittenCandleLoader:
        return written_candle_loader(self._services.candles)

    @cached_property
    def quotes(self) -> QuoteLoader:
        return quote_loader(self._services.quotes)

    @cached_property
    def latest(self) -> LatestLoader:
        return latest_loader(self._services.latest)

    @cached_property
    def price_books(self) -> PriceBookLoader:
        return price_book_loader(self._services.pricing)

    @cached_property
    def freshness(self) -> FreshnessLoader:
        return freshness_loader(self._services.freshness)

    @cached_property
    def gaps(self) -> GapLoader:
        return gap_loader(self._services.gaps)

    @cached_property
    def backtests_of_job(self) -> BacktestsOfJobLoader:
        return backtests_of_job_loader(self._services.backtests)

    @cached_property
    def backtest_curves(self) -> CurveLoader:
        return curve_loader(self._services.backtests)

    @cached_property
    def origins(self) -> OriginLoader:
        return origin_loader(self._services.raw_reads)

    @cached_property
    def payloads(self) -> PayloadLoader:
        return payload_loader(self._services.raw_reads)

    @cached_property
    def bodies(self) -> BodyLoader:
        return body_loader(self._services.raw_reads)

    @cached_property
    def source_status(self) -> SourceStatusLoader:
        return source_status_loader(self._services.overseer)

"""What is read for movers and for the figures of a market, and what they are compared in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.errors import NotYet, UnknownAsset
from candlewick.domain.interval import Interval
from candlewick.domain.market import Asset, AssetClass, AssetId, Instrument, InstrumentId
from candlewick.domain.market_stats import MarketFigures
from candlewick.domain.movers import Move, MoverRank, Movers, Traded, Universe
from candlewick.domain.price import AssetName, Observation, PriceBook, PriceQuestion
from candlewick.domain.time import Window
from candlewick.pipeline.markets import Markets
from candlewick.ports import Sight
from markets import FrozenClock
from pricing import ASSETS, book, market, saw

NOW = datetime(2025, 11, 10, 12, 0, 42, tzinfo=UTC)
MINUTE = NOW.replace(second=0)
ANY = Universe()


def move(key: str, former: str, last: str) -> Move:
    instrument = market(key).instrument
    prices = {"former": Decimal(former), "last": Decimal(last)}
    return Move(instrument, CandleOrigin.TRADES, days=False, former_at=MINUTE, last_at=MINUTE, **prices)


@dataclass
class Fakes:
    """All that the use case asks, in one."""

    rows: list[Move] = field(default_factory=list)
    rates: dict[tuple[str, str], str] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)

    async def moves(self, universe: Universe, window: Window) -> Sequence[Move]:
        self.calls.append(("moves", (universe, window)))
        return self.rows

    async def traded(self, moves: Sequence[Move], _: Window) -> Mapping[InstrumentId, Traded]:
        self.calls.append(("traded", [each.instrument.key.base for each in moves]))
        return {each.instrument.id: Traded(Decimal(1), Decimal(100)) for each in moves}

    async def figures(
        self, quote_id: AssetId, asset_class: AssetClass | None, since: datetime
    ) -> Sequence[MarketFigures]:
        self.calls.append(("figures", (quote_id, asset_class, since)))
        return [MarketFigures("coingecko", 3, Decimal(1), Decimal(1), Decimal(1), 3, 1, 1, NOW, NOW)]

    async def assets(self, codes: Collection[str]) -> Sequence[Asset]:
        return [ASSETS[code] for code in codes if code != "NOPE"]

    async def markets(self, _: Collection[AssetId]) -> Sequence[Instrument]:
        return []

    async def last_seen(self, _: Collection[Sight]) -> Mapping[Sight, Sequence[Observation]]:
        return {}

    async def books(self, questions: Sequence[PriceQuestion]) -> Sequence[PriceBook | UnknownAsset | NotYet]:
        self.calls.append(("books", [(each.asset.code, each.quote.code, each.at) for each in questions]))
        return [self._book(each.asset.code, each.quote.code) for each in questions]

    def _book(self, asset: str, quote: str) -> PriceBook:
        rate = self.rates.get((asset, quote))
        return book(asset, quote, [market(f"k:{asset}-{quote}", saw(rate))] if rate else [])

    async def movers(self, rank: MoverRank, universe: Universe = ANY, first: int = 2) -> Movers:
        return await Markets(self, self, self, FrozenClock(NOW)).movers(rank, universe, Interval.D1.duration, first)


MOVES = [move("a:A-USD", "1", "2"), move("a:B-USDT", "1", "3"), move("a:C-EUR", "1", "4"), move("a:D-USD", "2", "1")]


def keys(found: Movers) -> list[str]:
    return [each.move.instrument.key.base for each in found.rows]


async def test_the_window_ends_with_the_last_minute_that_is_over() -> None:
    fakes = Fakes(MOVES)
    found = await fakes.movers(MoverRank.GAIN)
    assert found.window == Window(MINUTE - timedelta(days=1), MINUTE)
    assert fakes.calls[0] == ("moves", (ANY, found.window))


async def test_what_was_traded_is_only_read_of_those_on_the_list() -> None:
    fakes = Fakes(MOVES, {("EUR", "USD"): "1.25"})
    found = await fakes.movers(MoverRank.GAIN)
    assert keys(found) == ["C", "B"]
    assert [each.turnover for each in found.rows] == [125, None]
    assert dict(fakes.calls)["traded"] == ["C", "B"]
    assert keys(await fakes.movers(MoverRank.LOSS)) == ["D"]


async def test_by_volume_all_are_compared_in_dollars() -> None:
    fakes = Fakes(MOVES, {("EUR", "USD"): "1.25", ("USDT", "USD"): "0.99"})
    found = await fakes.movers(MoverRank.VOLUME, first=4)
    assert (keys(found), found.measure) == (["C", "A", "D", "B"], "USD")
    assert dict(fakes.calls)["books"] == [(code, "USD", MINUTE) for code in ("EUR", "USD", "USDT")]


async def test_with_a_quote_asset_they_are_compared_in_that() -> None:
    found = await Fakes(MOVES[1:2]).movers(MoverRank.VOLUME, Universe(quote="USDT"))
    assert (keys(found), found.measure, found.rows[0].turnover) == (["B"], "USDT", Fraction(100))


async def test_where_nobody_knows_dollars_they_are_compared_in_what_most_are_priced_in() -> None:
    found = await Fakes(MOVES[1:2]).movers(MoverRank.VOLUME)
    assert (keys(found), found.measure) == (["B"], "USDT")


async def test_where_nothing_moved_nothing_more_is_read() -> None:
    fakes = Fakes()
    found = await fakes.movers(MoverRank.VOLUME)
    assert (found.rows, [name for name, _ in fakes.calls]) == ([], ["moves"])


async def test_figures_are_of_the_last_day() -> None:
    fakes = Fakes()
    desk = Markets(fakes, fakes, fakes, FrozenClock(NOW))
    found = await desk.figures(AssetClass.CRYPTO, AssetName("USD"), None)
    assert found is not None
    assert fakes.calls == [("figures", (ASSETS["USD"].id, AssetClass.CRYPTO, NOW - timedelta(days=1)))]
    assert await desk.figures(None, AssetName("USD"), "another") is None
    with pytest.raises(UnknownAsset):
        await desk.figures(None, AssetName("NOPE"), None)


async def test_where_nothing_is_priced_in_dollars_there_are_no_figures_in_them() -> None:
    class Empty(Fakes):
        async def assets(self, _: Collection[str]) -> Sequence[Asset]:
            return []

    fakes = Empty()
    assert await Markets(fakes, fakes, fakes, FrozenClock(NOW)).figures(None, AssetName("USD"), None) is None

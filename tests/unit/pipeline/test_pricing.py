"""What is read for the prices that are asked for, and of which assets and markets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from candlewick.domain.errors import NotYet, UnknownAsset
from candlewick.domain.market import Asset, AssetClass, AssetId, Instrument
from candlewick.domain.price import AssetName, Observation, PriceBook, PriceQuestion
from candlewick.pipeline.pricing import AHEAD, Pricing
from candlewick.ports import Sight
from markets import LATER, FrozenClock
from pricing import ASSETS, market, saw

EARLIER = LATER - timedelta(days=3)


class FakeReads:
    """Some markets, and a memory of what was asked."""

    def __init__(self) -> None:
        keys = ("a:SOL-USDT", "b:SOL-BTC", "k:BTC-USD", "k:USDT-USD", "k:ETH-USD", "k:ETH-SOL", "x:SOL-XRP")
        self.rows = [market(key).instrument for key in keys]
        self.calls: list[tuple[str, object]] = []

    async def assets(self, codes: Collection[str]) -> Sequence[Asset]:
        self.calls.append(("assets", set(codes)))
        known = [ASSETS[code] for code in codes if code != "NOPE"]
        return [Asset(AssetId(999), "BTC", AssetClass.EQUITY), *known]

    async def markets(self, asset_ids: Collection[AssetId]) -> Sequence[Instrument]:
        self.calls.append(("markets", set(asset_ids)))
        return [each for each in self.rows if {each.base_id, each.quote_id} <= set(asset_ids)]

    async def last_seen(self, sights: Collection[Sight]) -> Mapping[Sight, Sequence[Observation]]:
        self.calls.append(("last_seen", set(sights)))
        return {sight: [saw("1", source=sight.venue)] for sight in sights}


def asked(asset: str, quote: str = "USD", **more: object) -> PriceQuestion:
    return PriceQuestion(AssetName.parse(asset), AssetName.parse(quote), **more)  # type: ignore[arg-type]


async def books(*questions: PriceQuestion) -> tuple[list[PriceBook | UnknownAsset | NotYet], FakeReads]:
    reads = FakeReads()
    desk = Pricing(reads, FrozenClock(), frozenset({"demo"}))
    return list(await desk.books(questions)), reads


def keys(known: PriceBook | UnknownAsset | NotYet) -> set[str]:
    assert isinstance(known, PriceBook)
    return {str(each.instrument.key) for each in known.markets}


async def test_markets_between_the_two_and_the_bridges_are_read() -> None:
    [known], _ = await books(asked("SOL"))
    assert keys(known) == {"a:SOL-USDT", "b:SOL-BTC", "k:BTC-USD", "k:USDT-USD"}
    assert isinstance(known, PriceBook)
    assert (known.at, known.current, known.made_up) == (LATER, True, frozenset({"demo"}))
    assert [each.source for each in known.markets[0].seen] == ["a"]


async def test_any_number_of_questions_takes_three_reads() -> None:
    (sol, eth, again), reads = await books(asked("SOL"), asked("ETH", at=EARLIER), asked("SOL"))
    assert [name for name, _ in reads.calls] == ["assets", "markets", "last_seen"]
    assert sol is again
    assert keys(eth) == {"k:ETH-USD", "k:BTC-USD", "k:USDT-USD"}


async def test_now_looks_a_little_ahead_and_the_past_never() -> None:
    (_, past), reads = await books(asked("ETH"), asked("ETH", at=EARLIER, max_age=timedelta(hours=1)))
    sights = dict(reads.calls)["last_seen"]
    assert isinstance(sights, set)
    assert {sight.upto for sight in sights} == {LATER + AHEAD, EARLIER}
    assert isinstance(past, PriceBook)
    assert (past.at, past.current, past.max_age) == (EARLIER, False, timedelta(hours=1))


async def test_an_asset_that_is_not_there_is_the_answer_of_its_own_question_only() -> None:
    (unknown, to_unknown, known), _ = await books(asked("NOPE"), asked("SOL", "FIAT:NOPE"), asked("SOL"))
    assert isinstance(unknown, UnknownAsset)
    assert isinstance(to_unknown, UnknownAsset)
    assert (unknown.name, to_unknown.name) == ("NOPE", "FIAT:NOPE")
    assert keys(known)


async def test_of_a_moment_to_come_nothing_is_known() -> None:
    [ahead], reads = await books(asked("SOL", at=LATER + AHEAD + timedelta(seconds=1)))
    assert isinstance(ahead, NotYet)
    assert [name for name, _ in reads.calls] == ["assets"]


async def test_an_asset_in_itself_needs_no_market() -> None:
    [same], reads = await books(asked("BTC", "CRYPTO:BTC"))
    assert keys(same) == set()
    assert "last_seen" not in dict(reads.calls)


async def test_a_coin_that_a_share_is_named_after_stays_the_coin() -> None:
    [coin, share], _ = await books(asked("BTC"), asked("EQUITY:BTC"))
    assert isinstance(coin, PriceBook)
    assert isinstance(share, PriceBook)
    assert (coin.asset.asset_class, share.asset.asset_class) == (AssetClass.CRYPTO, AssetClass.EQUITY)

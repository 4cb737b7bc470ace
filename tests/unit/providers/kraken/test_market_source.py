"""Kraken as a source: what it can do, and how much is asked of it."""

from __future__ import annotations

from datetime import timedelta

from candlewick.providers.kraken import PROVIDER
from candlewick.providers.sources import market_sources
from markets import FrozenClock
from source_doubles import Budget

MINUTE = timedelta(minutes=1)


async def test_all_but_archives_and_daily_candles_can_be_had() -> None:
    assert PROVIDER.access is not None
    async with market_sources({"kraken": PROVIDER.access}, FrozenClock(), lambda *_, **__: Budget()) as sources:
        source = sources["kraken"]
        assert None not in (
            source.trades,
            source.candles,
            source.directory,
            source.stream,
            source.quotes,
            source.reader,
        )
        assert (source.source, source.archive_files, source.shelf, source.days) == ("kraken", None, None, None)
        assert list(source.circuits()) == []


async def test_one_request_a_second_is_asked_for_and_no_more() -> None:
    made: dict[str, tuple[int, timedelta]] = {}

    def budget(name: str, limit: int, *, span: timedelta = MINUTE) -> Budget:
        made[name] = (limit, span)
        return Budget()

    assert PROVIDER.access is not None
    async with market_sources({"kraken": PROVIDER.access}, FrozenClock(), budget):
        pass

    assert made == {"kraken": (1, timedelta(seconds=1)), "kraken:streams": (10, MINUTE)}

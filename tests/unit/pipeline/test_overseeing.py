"""How it stands with sources, judged from what processes, budgets and the database say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from candlewick.domain.errors import RedisUnavailable
from candlewick.domain.source import (
    BudgetStatus,
    CircuitState,
    CircuitStatus,
    ProcessReport,
    SourceFigures,
    SourceProfile,
    SourceState,
    SourceStatus,
    StreamStatus,
)
from candlewick.pipeline.overseeing import Overseer
from markets import LATER, FrozenClock

MINUTE = timedelta(minutes=1)
WORKS = CircuitStatus("binance", "/trades", CircuitState.CLOSED, 0, None, None, LATER)
FAILS = replace(WORKS, endpoint="/klines", state=CircuitState.OPEN, failures=5, reason="oops", retry_at=LATER + MINUTE,
                succeeded_at=None, failed_at=LATER - MINUTE, last_error="oops")  # fmt: skip
FOLLOWED = StreamStatus("binance", "stream/binance/list", 3, LATER, LATER, 0, None, None)
CUT = replace(FOLLOWED, connected_at=None, heard_at=None, failures=2, failed_at=LATER, last_error="cut")
BUDGET = BudgetStatus("binance", 100, MINUTE, 30)


@dataclass
class Fakes:
    """What processes said, what is left, what is stored."""

    said: list[ProcessReport] = field(default_factory=list)
    budgets: list[BudgetStatus] = field(default_factory=lambda: [BUDGET])
    stored: SourceFigures = field(default_factory=SourceFigures)
    away: bool = False

    async def publish(self, report: ProcessReport) -> None:
        self.said.append(report)

    async def reports(self) -> Sequence[ProcessReport]:
        if self.away:
            raise RedisUnavailable("its address", "gone")
        return self.said

    async def statuses(self) -> Sequence[BudgetStatus]:
        return self.budgets

    async def figures(self, sources: Sequence[str]) -> Mapping[str, SourceFigures]:
        return dict.fromkeys(sources, self.stored)

    async def binance(self) -> SourceStatus:
        profiles = [SourceProfile("binance", "Binance"), SourceProfile("kraken", "Kraken")]
        return (await Overseer(profiles, self, self, self, FrozenClock()).statuses())["binance"]


@pytest.mark.parametrize(
    ("circuits", "streams", "state"),
    [
        ([], [], SourceState.IDLE),
        ([WORKS], [], SourceState.OK),
        ([WORKS], [FOLLOWED], SourceState.OK),
        ([WORKS, FAILS], [], SourceState.DEGRADED),
        ([WORKS], [CUT], SourceState.DEGRADED),
        ([FAILS], [FOLLOWED], SourceState.DEGRADED),
        ([FAILS], [CUT], SourceState.DOWN),
        ([FAILS], [], SourceState.DOWN),
        ([replace(WORKS, succeeded_at=LATER - timedelta(days=1))], [], SourceState.IDLE),
        ([replace(WORKS, source="kraken")], [], SourceState.IDLE),
    ],
)
async def test_the_word_for_it(circuits: list[CircuitStatus], streams: list[StreamStatus], state: SourceState) -> None:
    assert (await Fakes([ProcessReport(circuits, streams)]).binance()).state is state


async def test_a_source_that_told_us_to_keep_away_is_degraded() -> None:
    fakes = Fakes([ProcessReport([WORKS])], [replace(BUDGET, name="binance:archives", paused_for=MINUTE)])

    assert (await fakes.binance()).state is SourceState.DEGRADED


async def test_of_an_endpoint_the_worst_is_told_and_streams_of_all_workers() -> None:
    other = replace(FOLLOWED, name="stream/binance/settings-1")
    open_there = replace(FAILS, endpoint="/trades")
    fakes = Fakes([ProcessReport([WORKS], [FOLLOWED]), ProcessReport([open_there], [other])])

    found = await fakes.binance()

    assert list(found.circuits) == [open_there]
    assert list(found.streams) == [FOLLOWED, other]


async def test_the_newest_error_and_the_newest_success_are_told() -> None:
    found = await Fakes([ProcessReport([WORKS, FAILS], [CUT])]).binance()

    assert (found.succeeded_at, found.failed_at, found.last_error) == (LATER, LATER, "cut")


async def test_what_was_received_before_everyone_was_restarted_is_a_success() -> None:
    found = await Fakes(stored=SourceFigures(received_at=LATER - MINUTE)).binance()

    assert found.succeeded_at == LATER - MINUTE


async def test_with_redis_away_it_says_so_and_what_the_database_knows() -> None:
    fakes = Fakes([ProcessReport([WORKS])], stored=SourceFigures(newest=LATER - MINUTE), away=True)

    found = await fakes.binance()

    assert (found.state, list(found.budgets)) == (SourceState.UNKNOWN, [])
    assert found.unknown is not None
    assert "gone" in found.unknown
    assert found.lag(LATER) == MINUTE


async def test_budgets_go_to_their_sources() -> None:
    mine = replace(BUDGET, name="binance:streams")
    found = await Fakes(budgets=[BUDGET, mine, replace(BUDGET, name="binances")]).binance()

    assert list(found.budgets) == [BUDGET, mine]

"""From asset to asset: which markets can be used, and the ways that lead through them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from candlewick.domain.fraction import median
from candlewick.domain.market import AssetId, InstrumentStatus
from candlewick.domain.price import LeftOut, LeftOutReason, Path, PriceBook, PricedMarket, Step

RUNGS: Final = (timedelta(minutes=15), timedelta(hours=1), timedelta(days=1))
"""What is fresh is not mixed with what is not: beside prices of minutes, one of yesterday does not count."""
OUTLYING: Final = Fraction(1, 10)
"""So far from the median, as a part of it, a price is taken for wrong. Venues of one asset differ by less."""
FEWEST_TO_JUDGE: Final = 3
"""Of two that differ nobody can say which is wrong."""

type Steps = dict[tuple[AssetId, AssetId], list[Step]]
"""By what is given and what is got."""


def rung(age: timedelta) -> int:
    """How fresh that is: 0 is the freshest."""
    return next((number for number, limit in enumerate(RUNGS) if age <= limit), len(RUNGS))


def age_of(book: PriceBook, ts: datetime) -> timedelta:
    """How old that was at the book's moment. A venue whose clock is ahead has no age."""
    return max(book.at - ts, timedelta())


def usable(book: PriceBook) -> tuple[Steps, list[LeftOut]]:
    """What can be used at all, in both directions, and what cannot."""
    steps: Steps = {}
    left_out: list[LeftOut] = []
    for market in book.markets:
        faults = list(_faults(book, market))
        left_out += faults
        if faults and faults[0].seen is None:
            continue
        faulty = [fault.seen for fault in faults]
        for seen in market.seen:
            for inverse in (False, True) if seen not in faulty else ():
                step = Step(market.instrument, seen, inverse)
                steps.setdefault((step.from_id, step.to_id), []).append(step)
    return steps, left_out


def _faults(book: PriceBook, market: PricedMarket) -> Iterator[LeftOut]:
    """What is wrong with the market as a whole, or else with single observations."""
    instrument = market.instrument
    if book.current and instrument.status is not InstrumentStatus.TRADING:
        yield LeftOut(instrument, LeftOutReason(instrument.status.value))
    elif not market.seen:
        yield LeftOut(instrument, LeftOutReason.NO_PRICE)
    else:
        for seen in market.seen:
            if seen.crossed:
                yield LeftOut(instrument, LeftOutReason.CROSSED, seen)
            elif age_of(book, seen.ts) > book.max_age:
                yield LeftOut(instrument, LeftOutReason.STALE, seen)


def paths(book: PriceBook, steps: Steps) -> list[Path]:
    """A path for each step from the asset that leads to the quote asset: straight, or by the best way through a bridge.

    Through two bridges only where there is no shorter path.
    """
    start, end = book.asset.id, book.quote.id
    bridges = [bridge for bridge in book.bridges if bridge not in {start, end}]
    found = [Path((step,)) for step in steps.get((start, end), ())]
    for level, bridge in enumerate(bridges, 1):
        legs = [Path((step,)) for step in without_outliers(steps.get((bridge, end), []))]
        found += _joined(book, steps.get((start, bridge), ()), legs, level)
    if not found:
        for level, bridge in enumerate(bridges, len(bridges) + 1):
            onward = [path for other in bridges if other != bridge for path in _through(book, steps, bridge, other)]
            found += _joined(book, steps.get((start, bridge), ()), onward, level)
    return found


def _through(book: PriceBook, steps: Steps, start: AssetId, bridge: AssetId) -> list[Path]:
    """The best ways from `start` by `bridge` to the quote asset."""
    onward = [Path((step,)) for step in without_outliers(steps.get((bridge, book.quote.id), []))]
    return _joined(book, without_outliers(steps.get((start, bridge), [])), onward, 0)


def _joined(book: PriceBook, firsts: Iterable[Step], onward: Sequence[Path], level: int) -> list[Path]:
    """Each first step with the way onward that fits it best.

    That is the freshest; of equally fresh ones that of the same venue, then the most traded, then the newest.
    """
    ways = sorted(onward, key=lambda way: _rank(book, way))
    fitted = [(rung(age_of(book, way.ts)), {step.instrument.key.venue for step in way.steps}, way) for way in ways]
    joined = []
    for step in firsts if fitted else ():
        fresh, venue = rung(age_of(book, step.seen.ts)), {step.instrument.key.venue}
        best = min(fitted, key=lambda way: (max(fresh, way[0]), way[1] != venue))
        joined.append(Path((step, *best[2].steps), level))
    return joined


def _rank(book: PriceBook, way: Path) -> tuple[object, ...]:
    first = way.steps[0]
    return -first.liquidity, age_of(book, way.ts), str(first.instrument.key), first.seen.source


def without_outliers[Rated: (Step, Path)](rated: Sequence[Rated]) -> list[Rated]:
    """Those whose rate is near the median of all; all, if they are few, or if no majority of them is near to it."""
    if len(rated) < FEWEST_TO_JUDGE:
        return list(rated)
    middle = median([each.rate for each in rated])
    near = [each for each in rated if abs(each.rate - middle) <= OUTLYING * middle]
    return near if 2 * len(near) > len(rated) else list(rated)

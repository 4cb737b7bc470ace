"""What an asset costs and an amount is worth: which paths count, and what follows from them. Pure and exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from candlewick.domain.fraction import median
from candlewick.domain.paths import RUNGS, Steps, age_of, paths, rung, usable, without_outliers
from candlewick.domain.price import CompositePrice, Conversion, LeftOut, LeftOutReason, Path, PriceBook, Step

ENOUGH: Final = 3
"""A median of fewer cannot outvote a wrong venue: until there are so many, paths further from a direct price count."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """The paths that count, and what has no part."""

    paths: Sequence[Path]
    left_out: Sequence[LeftOut]
    limit: timedelta


def composite(book: PriceBook) -> CompositePrice:
    """The median of all paths that count. An asset in itself costs 1."""
    if book.asset.id == book.quote.id:
        return CompositePrice(Fraction(1), (), (), book.max_age)
    choice = _choose(book)
    price = median([path.rate for path in choice.paths]) if choice.paths else None
    ordered = sorted(choice.paths, key=lambda path: (path.level, path.rate, str(path.steps[0].instrument.key)))
    return CompositePrice(price, ordered, choice.left_out, choice.limit)


def conversion(book: PriceBook, amount: Decimal) -> Conversion:
    """The amount by the best of the paths that count: the shortest, then the freshest, then the most traded."""
    if book.asset.id == book.quote.id:
        return Conversion(amount, Fraction(1), (), (), book.max_age)
    choice = _choose(book)
    if not choice.paths:
        return Conversion(amount, None, (), choice.left_out, choice.limit)
    best = min(choice.paths, key=lambda path: _preference(book, path))
    others = _as_left_out([path for path in choice.paths if path is not best], LeftOutReason.NOT_NEEDED)
    return Conversion(amount, best.rate, best.steps, [*others, *choice.left_out], choice.limit)


def _preference(book: PriceBook, path: Path) -> tuple[object, ...]:
    first, age = path.steps[0], age_of(book, path.ts)
    return len(path.steps), rung(age), path.level, -first.liquidity, age, str(first.instrument.key), first.seen.source


def _choose(book: PriceBook) -> _Choice:
    """What is made up counts only where nothing else is known."""
    real = [market for market in book.markets if market.instrument.key.venue not in book.made_up]
    choice = _chosen(replace(book, markets=real))
    if len(real) == len(book.markets):
        return choice
    if not choice.paths:
        return _chosen(book)
    made_up = [
        LeftOut(market.instrument, LeftOutReason.MADE_UP, seen)
        for market in book.markets
        if market.instrument.key.venue in book.made_up
        for seen in market.seen or (None,)
    ]
    return replace(choice, left_out=[*choice.left_out, *_relevant(book, made_up, bridged=False)])


def _chosen(book: PriceBook) -> _Choice:
    """Only what is about as fresh as the freshest; of that, the paths nearest to a direct price; no outliers."""
    steps, faulty = usable(book)
    found = paths(book, steps)
    limit = _limit(book, found)
    fresh = [path for path in found if age_of(book, path.ts) <= limit]
    near = _nearest(fresh)
    counted = without_outliers(near)
    bridged = not near or any(path.level for path in near)
    left_out = [
        *_as_left_out(_rest(near, counted), LeftOutReason.OUTLIER),
        *_as_left_out(_rest(fresh, near), LeftOutReason.NOT_NEEDED),
        *_as_left_out(_rest(found, fresh), LeftOutReason.STALE),
        *_unbridged(book, steps, found),
        *(_outlying_legs(book, steps) if bridged else ()),
        *_relevant(book, faulty, bridged=bridged),
    ]
    return _Choice(counted, left_out, limit)


def _limit(book: PriceBook, found: Iterable[Path]) -> timedelta:
    """The narrowest of the rungs that something is on."""
    freshest = min((age_of(book, path.ts) for path in found), default=book.max_age)
    return min([limit for limit in RUNGS if freshest <= limit] + [book.max_age])


def _nearest(found: Sequence[Path]) -> list[Path]:
    """Level by level, until there are enough."""
    near: list[Path] = []
    for level in sorted({path.level for path in found}):
        if len(near) >= ENOUGH:
            break
        near += [path for path in found if path.level == level]
    return near


def _rest[Rated: (Step, Path)](found: Sequence[Rated], kept: Sequence[Rated]) -> list[Rated]:
    ids = {id(each) for each in kept}
    return [each for each in found if id(each) not in ids]


def _as_left_out(found: Iterable[Path], reason: LeftOutReason) -> Iterator[LeftOut]:
    """By the market that is the asset's own."""
    return (LeftOut(path.steps[0].instrument, reason, path.steps[0].seen) for path in found)


def _unbridged(book: PriceBook, steps: Steps, found: Sequence[Path]) -> Iterator[LeftOut]:
    """Markets of the asset from which no way leads on."""
    led = {id(path.steps[0]) for path in found}
    for (start, _), those in steps.items():
        if start == book.asset.id:
            yield from (
                LeftOut(each.instrument, LeftOutReason.NO_BRIDGE, each.seen) for each in those if id(each) not in led
            )


def _outlying_legs(book: PriceBook, steps: Steps) -> Iterator[LeftOut]:
    """Markets from a bridge to the quote asset that say something else than the others."""
    for bridge in book.bridges:
        legs = steps.get((bridge, book.quote.id), ()) if (book.asset.id, bridge) in steps else ()
        for step in _rest(legs, without_outliers(legs)):
            yield LeftOut(step.instrument, LeftOutReason.OUTLIER, step.seen)


def _relevant(book: PriceBook, faulty: Iterable[LeftOut], *, bridged: bool) -> Iterator[LeftOut]:
    """Faulty markets of the asset; where a bridge was needed, those of the quote asset too."""
    wanted = {book.asset.id, book.quote.id} if bridged else {book.asset.id}
    for fault in faulty:
        if wanted & {fault.instrument.base_id, fault.instrument.quote_id}:
            yield fault

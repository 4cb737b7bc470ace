"""What an asset costs and an amount is worth: which paths count, and what follows from them. Pure and exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from candlewick.domain.fraction import median
from candlewick.domain.paths import RUNGS, Steps, age_of, paths, rung, usable, without_outliers
from candlewick.domain.price import CompositePrice, Conversion, LeftOut, LeftOutReason, Path, PriceBook

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
    """Only what is about as fresh as the freshest; of that, the paths nearest to a direct price; no outliers."""
    steps, faulty = usable(book)
    found = paths(book, steps)
    limit = _limit(book, found)
    fresh = [path for path in found if age_of(book, path.ts) <= limit]
    real = [path for path in fresh if not _made_up(book, path)] or fresh
    near = _nearest(real)
    counted = without_outliers(near)
    left_out = [
        *_as_left_out(_rest(near, counted), LeftOutReason.OUTLIER),
        *_as_left_out(_rest(real, near), LeftOutReason.NOT_NEEDED),
        *_as_left_out(_rest(fresh, real), LeftOutReason.MADE_UP),
        *_as_left_out(_rest(found, fresh), LeftOutReason.STALE),
        *_unbridged(book, steps, found),
        *_relevant(book, faulty, bridged=not near or any(path.level for path in near)),
    ]
    return _Choice(counted, left_out, limit)


def _limit(book: PriceBook, found: Iterable[Path]) -> timedelta:
    """The narrowest of the rungs that something is on."""
    freshest = min((age_of(book, path.ts) for path in found), default=book.max_age)
    return min([limit for limit in RUNGS if freshest <= limit] + [book.max_age])


def _made_up(book: PriceBook, path: Path) -> bool:
    return any(step.instrument.key.venue in book.made_up for step in path.steps)


def _nearest(found: Sequence[Path]) -> list[Path]:
    """Level by level, until there are enough."""
    near: list[Path] = []
    for level in sorted({path.level for path in found}):
        if len(near) >= ENOUGH:
            break
        near += [path for path in found if path.level == level]
    return near


def _rest(found: Sequence[Path], kept: Sequence[Path]) -> list[Path]:
    return [path for path in found if path not in kept]


def _as_left_out(found: Iterable[Path], reason: LeftOutReason) -> Iterator[LeftOut]:
    """By the market that is the asset's own."""
    return (LeftOut(path.steps[0].instrument, reason, path.steps[0].seen) for path in found)


def _unbridged(book: PriceBook, steps: Steps, found: Sequence[Path]) -> Iterator[LeftOut]:
    """Markets of the asset from which no way leads on."""
    led = {path.steps[0] for path in found}
    for (start, _), those in steps.items():
        if start == book.asset.id:
            yield from (
                LeftOut(each.instrument, LeftOutReason.NO_BRIDGE, each.seen) for each in those if each not in led
            )


def _relevant(book: PriceBook, faulty: Iterable[LeftOut], *, bridged: bool) -> Iterator[LeftOut]:
    """Faulty markets of the asset; where a bridge was needed, those of the quote asset too."""
    wanted = {book.asset.id, book.quote.id} if bridged else {book.asset.id}
    for fault in faulty:
        if wanted & {fault.instrument.base_id, fault.instrument.quote_id}:
            yield fault

"""Which event bars there can be."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec, Expectation
from candlewick.domain.errors import InvalidBarSpec

VOLUME, TICK = BarMeasure.VOLUME, BarMeasure.TICK


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: EventBarSpec(VOLUME, Decimal(0)), "above zero"),
        (lambda: EventBarSpec(VOLUME, Decimal(-1)), "above zero"),
        (lambda: EventBarSpec(VOLUME, Decimal("NaN")), "above zero"),
        (lambda: EventBarSpec(VOLUME, Decimal("Infinity")), "above zero"),
        (lambda: EventBarSpec(VOLUME, Decimal("1E+31")), "more than 30 digits"),
        (lambda: EventBarSpec(VOLUME, Decimal("1E-31")), "more than 30 digits"),
        (lambda: EventBarSpec(TICK, Decimal("2.5")), "ticks are counted"),
        (lambda: EventBarSpec(TICK, Decimal(10**9)), "ticks are counted, 1 to 100000000"),
        (lambda: EventBarSpec(TICK, Decimal(2), split=True), "a tick cannot be split"),
        (lambda: EventBarSpec(VOLUME, Decimal(2), expectation=Expectation(5, 1, 9)), "only the threshold of imbalance"),
        (lambda: Expectation(0, 1, 9), "1 to 10000 bars"),
        (lambda: Expectation(5, 0, 9), "at least 1"),
        (lambda: Expectation(5, 9, 1), "the smaller one first"),
        (lambda: Expectation(5, 1, 10**9), "at most 100000000"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(make: Callable[[], object], reason: str) -> None:
    with pytest.raises(InvalidBarSpec, match=reason):
        make()


def test_ticks_may_be_written_with_places() -> None:
    assert EventBarSpec(TICK, Decimal("3.0"), BarRule.RUNS).threshold == 3

"""Specs of event bars as text: equal ones are one series."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec, Expectation
from candlewick.domain.bar_series import BarQuery
from candlewick.domain.errors import InvalidLimit

BOUNDS = st.none() | st.builds(Expectation, st.integers(1, 99), st.integers(1, 5), st.integers(5, 99))


@given(
    st.sampled_from([BarMeasure.VOLUME, BarMeasure.VALUE]),
    st.decimals("0.000001", "1000000000", places=6),
    st.sampled_from([BarRule.IMBALANCE, BarRule.RUNS]),
    st.booleans(),
    BOUNDS,
)
def test_a_spec_is_read_back_as_it_was_written(
    measure: BarMeasure, threshold: Decimal, rule: BarRule, split: bool, bounds: Expectation | None
) -> None:
    spec = EventBarSpec(measure, threshold, rule, split, bounds)
    assert EventBarSpec.parse(str(spec)) == spec


@pytest.mark.parametrize("text", ["100", "100.00", "1E+2", "0100.0"])
def test_zeros_make_no_other_series(text: str) -> None:
    assert str(EventBarSpec(BarMeasure.VOLUME, Decimal(text))) == "VOLUME/THRESHOLD/100/whole"


def test_all_digits_of_a_threshold_count() -> None:
    fine = Decimal("123456789012345678901234567.891")
    assert str(EventBarSpec(BarMeasure.VOLUME, fine)) == f"VOLUME/THRESHOLD/{fine}/whole"


def test_a_page_has_a_row() -> None:
    with pytest.raises(InvalidLimit):
        BarQuery(EventBarSpec(BarMeasure.TICK, Decimal(1)), 0)

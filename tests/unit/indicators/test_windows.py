"""Sums, means and extremes of windows against the plain definition."""

from __future__ import annotations

from math import fsum

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.indicators.windows import channel, mean, since_extreme, total, weighted_mean

type Floats = npt.NDArray[np.float64]

lengths = st.integers(1, 8)
numbers = st.lists(st.floats(-1e9, 1e9, allow_subnormal=False) | st.sampled_from([0.0, 1.0, 1e15]), max_size=40)
blanks = st.integers(0, 3)


def series(numbers: list[float], blanks: int) -> Floats:
    return np.array([np.nan] * blanks + numbers)


def windows(values: Floats, length: int) -> list[list[float] | None]:
    """The last `length` values at each place; None where there are fewer, NaN not counted."""
    last = [values[max(i + 1 - length, 0) : i + 1] for i in range(len(values))]
    return [each.tolist() if len(each) == length and not np.isnan(each).any() else None for each in last]


@given(numbers, lengths, blanks)
def test_a_total_is_the_sum_of_its_window_whatever_went_before(numbers: list[float], length: int, blanks: int) -> None:
    values = series(numbers, blanks)
    expected = [np.nan if window is None else fsum(window) for window in windows(values, length)]
    np.testing.assert_allclose(total(values, length), expected, rtol=1e-12, atol=1e-9)


def test_windows_begin_anew_after_a_gap() -> None:
    values = np.array([1.0, 2, 3, np.nan, 5, 6, 7, 8, 9, 10])
    nothing = [np.nan] * 3
    np.testing.assert_array_equal(total(values, 3), [*nothing[:2], 6, *nothing, 18, 21, 24, 27])
    np.testing.assert_array_equal(mean(values, 3), [*nothing[:2], 2, *nothing, 6, 7, 8, 9])
    np.testing.assert_array_equal(
        weighted_mean(values, 2), [np.nan, 5 / 3, 8 / 3, *nothing[:2], *(n - 1 / 3 for n in range(6, 11))]
    )
    lowest, highest = channel(values, values, 3)
    np.testing.assert_array_equal(lowest, [*nothing[:2], 1, *nothing, 5, 6, 7, 8])
    np.testing.assert_array_equal(highest, [*nothing[:2], 3, *nothing, 7, 8, 9, 10])


def test_a_total_of_a_million_values_has_not_drifted() -> None:
    values = np.random.default_rng(5).normal(0, 1e6, 1_000_000)
    assert total(values, 20)[-1] == pytest.approx(fsum(values[-20:]), rel=1e-12)


def test_a_total_of_zeros_is_nothing_after_large_values() -> None:
    values = np.array([0.1, 1e17, 0.7, 3e-9, 0.0, 0.0, 0.0])
    assert total(values, 3)[-1] == 0


@given(st.floats(1e-9, 1e9), st.integers(1, 100))
def test_the_mean_of_equal_values_is_that_value(value: float, length: int) -> None:
    values = np.concatenate([[1e12, 3.3], np.full(length, value)])
    assert mean(values, length)[-1] == value


@given(numbers, lengths, blanks)
def test_a_mean_weighs_all_the_same_and_a_weighted_one_the_newest_most(
    numbers: list[float], length: int, blanks: int
) -> None:
    values = series(numbers, blanks)
    plain, weighted = mean(values, length), weighted_mean(values, length)
    for at, window in enumerate(windows(values, length)):
        if window is None:
            assert np.isnan(plain[at])
            assert np.isnan(weighted[at])
            continue
        weights = range(1, length + 1)
        products = [each * weight for each, weight in zip(window, weights, strict=True)]
        largest = max(map(abs, window))
        assert plain[at] == pytest.approx(fsum(window) / length, rel=1e-12, abs=largest * 1e-13 + 1e-9)
        assert weighted[at] == pytest.approx(fsum(products) / sum(weights), rel=1e-12, abs=largest * 1e-13)


@given(st.lists(st.integers(-3, 3).map(float), max_size=40), lengths, blanks)
def test_extremes_are_those_of_the_window_and_of_equal_ones_the_newest(
    numbers: list[float], length: int, blanks: int
) -> None:
    values = series(numbers, blanks)
    lowest, highest = channel(values, values, length)
    since = since_extreme(values, length, 1.0)
    for at, window in enumerate(windows(values, length)):
        if window is None:
            assert np.isnan([lowest[at], highest[at], since[at]]).all()
            continue
        assert (lowest[at], highest[at]) == (min(window), max(window))
        assert since[at] == window[::-1].index(max(window))

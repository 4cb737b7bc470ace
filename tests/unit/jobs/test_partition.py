"""Streams stay the same while the list of what they carry changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.market import InstrumentKey
from candlewick.jobs.partition import partition

MOST = 5


def keys(*numbers: int) -> list[InstrumentKey]:
    return [InstrumentKey("binance", f"A{number}", "USDT") for number in numbers]


@given(st.sets(st.integers(0, 400), max_size=60))
def test_every_key_is_in_one_group_and_no_group_is_too_large(numbers: set[int]) -> None:
    groups = partition(keys(*numbers), MOST)

    assert sorted(str(key) for group in groups.values() for key in group) == sorted(map(str, keys(*numbers)))
    assert all(1 <= len(group) <= MOST for group in groups.values())


@given(st.sets(st.integers(0, 400), max_size=60), st.integers(0, 400))
def test_a_key_that_comes_changes_its_own_group_alone(numbers: set[int], new: int) -> None:
    before, after = partition(keys(*numbers), MOST), partition(keys(*numbers | {new}), MOST)
    its_bits = next(bits for bits, group in after.items() if keys(new)[0] in group)

    changed = {bits for bits in before.keys() | after.keys() if before.get(bits) != after.get(bits)}
    split = {bits for bits in before if bits not in after}

    assert len(split) <= 1
    assert all(bits == its_bits or any(bits.startswith(former) for former in split) for bits in changed)


@pytest.mark.parametrize("order", [(3, 1, 2), (1, 2, 3), (2, 3, 1, 1)])
def test_order_and_repetition_do_not_matter(order: tuple[int, ...]) -> None:
    assert partition(keys(*order), MOST) == {"": keys(1, 2, 3)}


def test_nothing_needs_no_stream() -> None:
    assert partition([], MOST) == {}

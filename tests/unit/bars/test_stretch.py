"""Which minutes can be read so that nothing before, in order of sequence, comes after them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.bars import stretch as module
from candlewick.bars.stretch import TradedMinute, stretch

NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)


def minutes(*spans: tuple[int, int]) -> list[TradedMinute]:
    return [
        TradedMinute(NOON + place * timedelta(minutes=1), first, last, last - first + 1)
        for place, (first, last) in enumerate(spans)
    ]


def test_as_many_minutes_as_have_the_trades_wanted() -> None:
    plain = minutes((1, 10), (11, 20), (21, 30))
    assert [stretch(plain, wanted, whole=True) for wanted in (1, 10, 11, 99)] == [1, 1, 2, 3]


def test_minutes_whose_sequences_overlap_stay_together() -> None:
    twisted = minutes((1, 10), (11, 25), (20, 30), (31, 40))
    assert [stretch(twisted, wanted, whole=True) for wanted in (1, 11, 99)] == [1, 3, 4]


def test_nothing_is_nothing() -> None:
    assert stretch([], 1, whole=True) == 0


def test_what_comes_after_may_lie_before_unless_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AHEAD", 2)
    plain = minutes((1, 10), (11, 20), (21, 30))
    assert stretch(plain, 99, whole=False) == 1
    assert stretch(plain[:2], 99, whole=False) == 0


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 9)), min_size=1), st.integers(1, 60))
def test_all_before_comes_before_all_after(drawn: list[tuple[int, int]], wanted: int) -> None:
    some = minutes(*((first, first + more) for first, more in drawn))
    taken = stretch(some, wanted, whole=True)
    before, after = some[:taken], some[taken:]
    assert taken
    assert not after or max(each.last for each in before) < min(each.first for each in after)

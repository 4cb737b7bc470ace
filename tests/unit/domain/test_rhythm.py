"""Which silence of an instrument is none of the market's."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from math import exp
from random import Random

import pytest

from candlewick.domain.rhythm import FALSE_ALARM, Rhythm

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def test_of_a_few_trades_nothing_can_be_told() -> None:
    assert Rhythm(29, DAY, 1, timedelta(hours=3)).longest_silence is None


def test_a_busy_instrument_may_be_silent_for_ten_seconds() -> None:
    assert Rhythm(2_000_000, DAY, 600, timedelta()).longest_silence == timedelta(seconds=10)


def test_an_instrument_without_pauses_is_taken_at_the_pace_of_its_quietest_minute() -> None:
    longest = Rhythm(100_000, DAY, 5, timedelta()).longest_silence

    assert longest is not None
    assert exp(-longest.total_seconds() * 5 / 60) == pytest.approx(FALSE_ALARM, rel=1e-3)


def test_a_quiet_instrument_may_be_silent_for_thrice_its_longest_pause() -> None:
    longest = Rhythm(100, DAY, 1, timedelta(hours=5)).longest_silence

    assert longest == 3 * (timedelta(hours=5) + 2 * MINUTE)


def test_bursty_markets_raise_no_alarm_day_after_day() -> None:
    """Trades in bursts, the way quiet markets are traded: hundreds within a second, then nothing for an hour."""
    random = Random(5)
    for _ in range(200):
        bursts = sorted(random.uniform(0, 2 * 86_400) for _ in range(random.randint(10, 200)))
        minutes = sorted({int(moment // 60) for moment in bursts if moment < 86_400})
        pauses = [later - earlier - 1 for earlier, later in pairwise(minutes)]
        rhythm = Rhythm(200 * len(minutes), (minutes[-1] - minutes[0] + 1) * MINUTE, 1, max(pauses, default=0) * MINUTE)
        silences = [later - earlier for earlier, later in pairwise(bursts) if earlier >= 86_400]
        longest = rhythm.longest_silence
        assert longest is None or max(silences, default=0) < longest.total_seconds()

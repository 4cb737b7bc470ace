"""Made-up prices of days: always the same, above zero, and whole candles."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.day import DayCandle
from candlewick.providers.simulation.daily import DailyWalk, weekdays

WALK = DailyWalk("share IBM", 7, date(1999, 11, 1), Decimal("98.25"), 0.015, 4)
DAYS = st.dates(date(1999, 11, 1), date(2099, 1, 1))


@given(day=DAYS, hour=st.floats(0, 24))
def test_a_day_is_a_candle_at_any_hour(day: date, hour: float) -> None:
    first, high, low, last = WALK.range(day, hour)
    assert DayCandle(day, first, high, low, last, Decimal(WALK.amount(day, 1000, hour))).open > 0


@given(day=DAYS)
def test_a_price_is_the_same_whoever_asks(day: date) -> None:
    again = DailyWalk("share IBM", 7, date(1999, 11, 1), Decimal("98.25"), 0.015, 4)
    assert again.price(day) == WALK.price(day)


def test_other_names_and_seeds_have_other_prices() -> None:
    walks = [
        DailyWalk(name, seed, date(1999, 11, 1), Decimal("98.25"), 0.015, 4) for name in ("a", "b") for seed in (1, 2)
    ]
    assert len({walk.price(date(2020, 1, 2)) for walk in walks}) == 4


def test_weekdays_are_newest_first() -> None:
    assert weekdays(date(2024, 8, 8), date(2024, 8, 12)) == [date(2024, 8, 12), date(2024, 8, 9), date(2024, 8, 8)]

"""Quotes and days that contradict themselves are refused, by their own words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from candlewick.domain.day import DayCandle, Factor
from candlewick.domain.errors import InvalidDayCandle, InvalidQuote, NaiveDateTime
from candlewick.domain.quote import Quote

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ONE = Decimal(1)


def test_a_quote_may_say_one_thing_only() -> None:
    assert Quote(NOW, market_cap=Decimal(0)).price is None


def test_a_fall_is_no_nonsense() -> None:
    assert Quote(NOW, change_24h=Decimal("-12.5")).change_24h == Decimal("-12.5")


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        ({}, "says nothing"),
        ({"price": Decimal(0)}, "price 0 is not above zero"),
        ({"bid": Decimal(-1)}, "bid -1 is not above zero"),
        ({"ask": Decimal("NaN")}, "ask NaN is no number"),
        ({"volume_24h": Decimal(-1)}, "volume_24h -1 is below zero"),
        ({"market_cap": Decimal("Infinity")}, "market_cap Infinity is no number"),
    ],
)
def test_a_quote_that_cannot_be_is_refused(figures: dict[str, Decimal], reason: str) -> None:
    with pytest.raises(InvalidQuote, match=reason):
        Quote(NOW, **figures)


def test_a_quote_without_a_time_zone_is_refused() -> None:
    with pytest.raises(NaiveDateTime):
        Quote(NOW.replace(tzinfo=None), price=ONE)


@pytest.mark.parametrize(
    ("high", "low", "volume", "reason"),
    [
        (Decimal("0.5"), ONE, None, "do not enclose"),
        (ONE, Decimal(0), None, "not above zero"),
        (ONE, ONE, Decimal(-1), "volume is negative"),
    ],
)
def test_a_day_that_cannot_be_is_refused(high: Decimal, low: Decimal, volume: Decimal | None, reason: str) -> None:
    with pytest.raises(InvalidDayCandle, match=reason):
        DayCandle(date(2026, 1, 1), ONE, high, low, ONE, volume)


def test_a_factor_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidDayCandle, match="factor"):
        Factor(date(2026, 1, 1), ONE, Decimal(0))

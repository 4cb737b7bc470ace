"""Rates that are made up: which currencies there are, from when until when, and the days that have rates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final

from candlewick.domain.time import from_microseconds
from candlewick.providers.ecb.listing import SINCE, published_at
from candlewick.providers.simulation.daily import DailyWalk, weekdays

FIRST: Final = SINCE.date()


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency that has rates."""

    code: str
    name: str
    rate: str
    """On the first day."""
    until: date = date.max
    """The last day."""


CURRENCIES: Final = (
    Currency("USD", "United States Dollar", "1.1789"),
    Currency("JPY", "Japanese Yen", "133.73"),
    Currency("BGN", "Bulgarian Lev", "1.9558", date(2025, 12, 31)),
    Currency("CZK", "Czech Koruna", "35.107"),
    Currency("DKK", "Danish Krone", "7.4501"),
    Currency("GBP", "British Pound", "0.71110"),
    Currency("HUF", "Hungarian Forint", "251.48"),
    Currency("PLN", "Polish Złoty", "4.0712"),
    Currency("SEK", "Swedish Krona", "9.4696"),
    Currency("SIT", "Slovenian Tolar", "189.045", date(2006, 12, 29)),
    Currency("CHF", "Swiss Franc", "1.6168"),
    Currency("HRK", "Croatian Kuna", "7.3500", date(2022, 12, 30)),
    Currency("AUD", "Australian Dollar", "1.9100"),
    Currency("IDR", "Indonesian Rupiah", "9433.61"),
    Currency("KRW", "South Korean Won", "1398.59"),
)


class Rates:
    """The rates of a seed, up to now (in microseconds, by the simulator's own clock)."""

    def __init__(self, seed: int, now: Callable[[], int]) -> None:
        self._now = now
        self._walks = {
            each.code: DailyWalk(
                each.code, seed, FIRST, Decimal(each.rate), 0.004, -int(Decimal(each.rate).as_tuple().exponent)
            )
            for each in CURRENCIES
        }

    def days(self, first: date, last: date) -> list[date]:
        """The days that have rates by now, newest first."""
        now = from_microseconds(self._now())
        last = min(last, now.date())
        return [day for day in weekdays(max(first, FIRST), last) if not _is_holiday(day) and published_at(day) <= now]

    def nearest(self, day: date) -> date | None:
        """The newest day with rates up to that one."""
        return next(iter(self.days(day - timedelta(days=10), day)), None)

    def today(self) -> date:
        moment: datetime = from_microseconds(self._now())
        return moment.date()

    def of(self, day: date) -> Iterator[tuple[str, Decimal | None]]:
        """All currencies and their rates of a day; None: not any more."""
        for each in CURRENCIES:
            yield each.code, self._walks[each.code].price(day) if day <= each.until else None


def _is_holiday(day: date) -> bool:
    """Of TARGET, as it is since 2002."""
    easter = _easter(day.year)
    return (day.month, day.day) in {(1, 1), (5, 1), (12, 25), (12, 26)} or day in {
        easter - timedelta(days=2), easter + timedelta(days=1)
    }  # fmt: skip


@cache
def _easter(year: int) -> date:
    """Easter Sunday: the Gregorian computus in the form of Meeus, Jones and Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    l = (32 + 2 * e + 2 * i - h - k) % 7  # noqa: E741  (the computus' own letters)
    m = (a + 11 * h + 22 * l) // 451
    month, day = divmod(h + l - 7 * m + 114, 31)
    return date(year, month, day + 1)

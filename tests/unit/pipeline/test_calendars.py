"""Calendars are taken over once, and only those that a venue here needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from candlewick.domain.calendar import Calendar, CalendarRules
from candlewick.domain.market import AssetClass
from candlewick.domain.time import Window
from candlewick.pipeline.calendars import CalendarKeeping
from markets import FrozenClock

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RULES: CalendarRules = {("ecb", AssetClass.FIAT): "TARGET", ("alphavantage", AssetClass.EQUITY): "XNYS"}


@dataclass
class FakeSource:
    """Knows four calendars, a year ahead."""

    asked: list[str] = field(default_factory=list)

    def knows(self, name: str) -> bool:
        return name in {"XNYS", "XLON", "XETR", "TARGET"}

    def calendar(self, name: str, now: datetime) -> Calendar:
        self.asked.append(name)
        return Calendar(name, Window(NOW, now + timedelta(days=365)), ())


@dataclass
class FakeStore:
    """Keeps them."""

    codes: Sequence[str]
    kept: dict[str, Calendar] = field(default_factory=dict)
    rules: CalendarRules = field(default_factory=dict)

    async def venues(self) -> Sequence[str]:
        return self.codes

    async def known_until(self, name: str) -> datetime | None:
        return self.kept[name].known.end if name in self.kept else None

    async def put(self, calendar: Calendar) -> None:
        self.kept[calendar.name] = calendar

    async def rule(self, rules: CalendarRules) -> None:
        self.rules = rules


async def test_what_no_venue_here_needs_is_not_taken() -> None:
    source, store = FakeSource(), FakeStore(["binance", "ecb"])

    assert await CalendarKeeping(source, store, RULES, FrozenClock(NOW)).refresh() == 1
    assert (source.asked, store.rules) == (["TARGET"], {("ecb", AssetClass.FIAT): "TARGET"})


async def test_a_venue_named_after_an_exchange_has_its_sessions() -> None:
    source, store = FakeSource(), FakeStore(["xlon"])
    await CalendarKeeping(source, store, RULES, FrozenClock(NOW)).refresh()

    assert store.rules == {("xlon", ""): "XLON"}


async def test_a_calendar_is_taken_again_when_it_is_not_known_far_ahead_any_more() -> None:
    source, store, clock = FakeSource(), FakeStore(["ecb"]), FrozenClock(NOW)
    keeping = CalendarKeeping(source, store, RULES, clock)
    await keeping.refresh()

    assert await keeping.refresh() == 0
    clock.moment += timedelta(days=200)
    assert await keeping.refresh() == 1
    assert store.kept["TARGET"].known.end == clock.moment + timedelta(days=365)


async def test_what_is_wanted_is_taken_whatever_venues_are_here() -> None:
    source, store = FakeSource(), FakeStore(["binance"])
    keeping = CalendarKeeping(source, store, RULES, FrozenClock(NOW), ["XNYS", "XLON", "XNOWHERE"])

    assert await keeping.refresh() == 2
    assert (source.asked, store.rules) == (["XLON", "XNYS"], {})

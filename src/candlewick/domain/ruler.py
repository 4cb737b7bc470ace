"""Rulers: where candles open and close, by UTC's days, by a time zone's, or by the sessions of a calendar."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from candlewick.domain.errors import TimeOutOfRange
from candlewick.domain.hours import ALWAYS, TimeBar
from candlewick.domain.interval import Duration
from candlewick.domain.time import EARLIEST, MICROSECOND, Window

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_MONDAY: Final = date(2000, 1, 3).toordinal()
"""Days are counted from it, as in UTC."""
_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC)
_MOST_DAYS: Final = 20_000
"""Days whose openings a ruler remembers."""


class Ruler(Protocol):
    """The candles of one kind, in order: each opens when the one before has closed, or later."""

    def floor(self, moment: datetime) -> datetime:
        """The open time of the last candle that opens at or before `moment`; of the first one, if none does."""

    def ceil(self, moment: datetime) -> datetime:
        """The first open time at or after `moment`."""

    def after(self, open_time: datetime, count: int = 1) -> datetime:
        """The open time `count` candles later, or earlier.

        Raises:
            TimeOutOfRange: there is none.
        """

    def close(self, open_time: datetime) -> datetime:
        """Where the candle ends that opens at `open_time`."""


class LocalRuler(Ruler, Protocol):
    """One whose candles may be of any length, with breaks between and within them."""

    def parts(self, window: Window) -> Iterator[tuple[datetime, Window]]:
        """The unbroken stretches of the candles that open in the window, each with its candle's open time."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """A calendar's sessions, in order."""

    opens: Sequence[datetime]
    closes: Sequence[datetime]
    end: datetime
    """Beyond it none is known; at or after the last one's close."""

    def at(self, moment: datetime) -> int:
        """The place of the last session that opens at or before `moment`; -1: none does."""
        return bisect_right(self.opens, moment) - 1


def local_ruler(bar: TimeBar, sessions: Sessions | None = None) -> LocalRuler | None:
    """The ruler of candles that UTC's arithmetic does not have; None if it has. `sessions`: those that `bar` names."""
    if sessions is not None:
        if bar.every.span and bar.every.span < _DAY:
            return SessionHours(sessions, bar.every.span)
        return SessionDays(sessions, ZoneInfo(bar.hours.timezone), bar.every)
    return None if bar.hours == ALWAYS else _zoned(bar)


@lru_cache(maxsize=64)
def _zoned(bar: TimeBar) -> LocalRuler:
    zone = ZoneInfo(bar.hours.timezone)
    return ZonedHours(zone, bar.every.span) if bar.every.span and bar.every.span < _DAY else ZonedDays(zone, bar.every)


class ZonedDays:
    """Whole days, weeks or months of a time zone: from midnight to midnight, be they 23, 24 or 25 hours apart."""

    def __init__(self, zone: ZoneInfo, width: Duration) -> None:
        self._zone = zone
        self._width = width

    def floor(self, moment: datetime) -> datetime:
        index = _index(moment.astimezone(self._zone).date(), self._width)
        following = self._open(index + 1)  # reached already, where clocks went back over midnight
        return following if following <= moment else self._open(index)

    def ceil(self, moment: datetime) -> datetime:
        return _ceil(self, moment)

    def after(self, open_time: datetime, count: int = 1) -> datetime:
        return self._open(_index(open_time.astimezone(self._zone).date(), self._width) + count)

    def close(self, open_time: datetime) -> datetime:
        return self.after(open_time)

    def parts(self, window: Window) -> Iterator[tuple[datetime, Window]]:
        return _unbroken(self, window)

    def _open(self, index: int) -> datetime:
        try:
            return _midnight(_first_day(index, self._width), self._zone)
        except (OverflowError, ValueError) as exc:
            raise TimeOutOfRange(f"{self._width} number {index}", EARLIEST, _LATEST) from exc


class ZonedHours:
    """Parts of a day in a time zone: one begins whenever its clocks show, or jump over, a multiple of the width."""

    def __init__(self, zone: ZoneInfo, span: timedelta) -> None:
        self._zone = zone
        self._span = span
        self._known: dict[date, tuple[datetime, ...]] = {}

    def floor(self, moment: datetime) -> datetime:
        day, place = self._place(moment)
        return self._opens(day)[place]

    def ceil(self, moment: datetime) -> datetime:
        return _ceil(self, moment)

    def after(self, open_time: datetime, count: int = 1) -> datetime:
        day, place = self._place(open_time)
        place += count
        try:
            while place < 0:
                day -= _DAY
                place += len(self._opens(day))
            while place >= (there := len(self._opens(day))):
                place -= there
                day += _DAY
            return self._opens(day)[place]
        except (OverflowError, ValueError) as exc:
            raise TimeOutOfRange(f"{count} × {self._span} from {open_time:%Y-%m-%d}", EARLIEST, _LATEST) from exc

    def close(self, open_time: datetime) -> datetime:
        return self.after(open_time)

    def parts(self, window: Window) -> Iterator[tuple[datetime, Window]]:
        return _unbroken(self, window)

    def _place(self, moment: datetime) -> tuple[date, int]:
        """The day, and which of its candles `moment` falls into."""
        day = moment.astimezone(self._zone).date()
        if _midnight(day + _DAY, self._zone) <= moment:  # clocks went back over midnight
            day += _DAY
        return day, bisect_right(self._opens(day), moment) - 1

    def _opens(self, day: date) -> tuple[datetime, ...]:
        known = self._known.get(day)
        if known is None:
            if len(self._known) >= _MOST_DAYS:
                self._known.clear()
            known = self._known[day] = tuple(self._measured(day))
        return known

    def _measured(self, day: date) -> Iterator[datetime]:
        start, end = _midnight(day, self._zone), _midnight(day + _DAY, self._zone)
        if end - start == _DAY and _offset(start, self._zone) == _offset(end, self._zone):
            yield from (start + number * self._span for number in range(_DAY // self._span))
        else:
            yield from self._walked(start, end)

    def _walked(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """The openings of a day whose clocks are changed, by looking at them every minute."""
        former, moment = None, start
        while moment < end:
            shown = moment.astimezone(self._zone)
            place, rest = divmod(timedelta(hours=shown.hour, minutes=shown.minute), self._span)
            if place != former or not rest:
                yield moment
            former, moment = place, moment + _MINUTE


class SessionHours:
    """Parts of sessions: counted from each opening; the last one of a session ends with it."""

    def __init__(self, sessions: Sessions, span: timedelta) -> None:
        self._sessions = sessions
        self._span = span

    def floor(self, moment: datetime) -> datetime:
        at = self._sessions.at(moment)
        if at < 0:
            return self._sessions.opens[0] if self._sessions.opens else self._sessions.end
        opened = self._sessions.opens[at]
        return opened + min((moment - opened) // self._span, self._count(at) - 1) * self._span

    def ceil(self, moment: datetime) -> datetime:
        return _ceil(self, moment)

    def after(self, open_time: datetime, count: int = 1) -> datetime:
        at, place = self._place(open_time)
        place += count
        while place < 0 and at > 0:
            at -= 1
            place += self._count(at)
        while at < len(self._sessions.opens) and place >= self._count(at):
            place -= self._count(at)
            at += 1
        if at < len(self._sessions.opens) and place >= 0:
            return self._sessions.opens[at] + place * self._span
        return _edge(self._sessions, place)

    def close(self, open_time: datetime) -> datetime:
        return min(open_time + self._span, self._sessions.closes[self._sessions.at(open_time)])

    def parts(self, window: Window) -> Iterator[tuple[datetime, Window]]:
        end = min(window.end, self._sessions.end)
        return _unbroken(self, Window(window.start, end)) if window.start < end else iter(())

    def _place(self, open_time: datetime) -> tuple[int, int]:
        if open_time >= self._sessions.end:
            return len(self._sessions.opens), 0
        at = self._sessions.at(open_time)
        return at, (open_time - self._sessions.opens[at]) // self._span

    def _count(self, at: int) -> int:
        return -((self._sessions.opens[at] - self._sessions.closes[at]) // self._span)


class SessionDays:
    """All sessions of a day, a week or a number of months together. A session belongs to the day on which it ends."""

    def __init__(self, sessions: Sessions, zone: ZoneInfo, width: Duration) -> None:
        self._sessions = sessions
        self._zone = zone
        self._width = width

    def floor(self, moment: datetime) -> datetime:
        at = self._sessions.at(moment)
        if at < 0:
            return self._sessions.opens[0] if self._sessions.opens else self._sessions.end
        return self._sessions.opens[self._first(at)]

    def ceil(self, moment: datetime) -> datetime:
        return _ceil(self, moment)

    def after(self, open_time: datetime, count: int = 1) -> datetime:
        there = len(self._sessions.opens)
        at = there if open_time >= self._sessions.end else self._sessions.at(open_time)
        while count > 0 and at < there:
            at, count = self._last(at) + 1, count - 1
        while count < 0 and at > 0:
            at, count = self._first(at - 1), count + 1
        return self._sessions.opens[at] if at < there and not count else _edge(self._sessions, count)

    def close(self, open_time: datetime) -> datetime:
        return self._sessions.closes[self._last(self._sessions.at(open_time))]

    def parts(self, window: Window) -> Iterator[tuple[datetime, Window]]:
        at = bisect_left(self._sessions.opens, self.ceil(window.start))
        while at < len(self._sessions.opens) and (opened := self._sessions.opens[at]) < window.end:
            last = self._last(at)
            for each in range(at, last + 1):
                yield opened, Window(self._sessions.opens[each], self._sessions.closes[each])
            at = last + 1

    def _index(self, at: int) -> int:
        return _index((self._sessions.closes[at] - MICROSECOND).astimezone(self._zone).date(), self._width)

    def _first(self, at: int) -> int:
        index = self._index(at)
        while at > 0 and self._index(at - 1) == index:
            at -= 1
        return at

    def _last(self, at: int) -> int:
        index, there = self._index(at), len(self._sessions.opens)
        while at + 1 < there and self._index(at + 1) == index:
            at += 1
        return at


def _edge(sessions: Sessions, left: int) -> datetime:
    """What follows the last session: the end of what is known, and then nothing."""
    if left:
        raise TimeOutOfRange("a session beyond those of the calendar", EARLIEST, sessions.end)
    return sessions.end


def _ceil(ruler: Ruler, moment: datetime) -> datetime:
    floor = ruler.floor(moment)
    return floor if floor >= moment else ruler.after(floor)


def _unbroken(ruler: Ruler, window: Window) -> Iterator[tuple[datetime, Window]]:
    """The parts of candles that each are one."""
    opened = ruler.ceil(window.start)
    while opened < window.end:
        yield opened, Window(opened, ruler.close(opened))
        opened = ruler.after(opened)


def _index(day: date, width: Duration) -> int:
    """Which candle of the width the day belongs to."""
    if width.months:
        return ((day.year - 2000) * 12 + day.month - 1) // width.months
    return (day.toordinal() - _MONDAY) // width.span.days


def _first_day(index: int, width: Duration) -> date:
    if width.months:
        year, month = divmod(index * width.months, 12)
        return date(2000 + year, month + 1, 1)
    return date.fromordinal(_MONDAY + index * width.span.days)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Where the day begins: the first of two midnights, or the moment at which clocks jumped over it."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()

"""Wall-clock time of a zone as moments, a column at a time. What the clock showed twice, or never, is no moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Self
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from candlewick.domain.time import MICROSECOND, from_microseconds
from candlewick.providers.exact import Unreadable

_MINUTE: Final = 60_000_000
_DAY: Final = 86_400_000_000
_MOST_REMEMBERED: Final = 100_000
_NONE: Final = np.iinfo(np.int64).min
"""Stands for the offset of a minute that the clock shows twice or never."""

Moments = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of the tz database. Clocks change on whole minutes: a minute has one offset."""

    name: str
    rules: tzinfo
    _offsets: dict[int, int] = field(default_factory=dict, repr=False, compare=False)
    """By minute of the wall clock: microseconds to take off it."""

    @classmethod
    def named(cls, name: str) -> Self:
        return cls(name, UTC if name in {"UTC", "Etc/UTC"} else ZoneInfo(name))

    def moments(self, wall: Moments) -> tuple[Moments, Mask]:
        """The moments at which the clock showed these microseconds since its own 1970, and which there are."""
        if self.rules is UTC:
            return wall, np.ones(len(wall), dtype=np.bool_)
        minutes, where = np.unique(wall // _MINUTE, return_inverse=True)
        offsets = np.array([self._offset(minute) for minute in minutes.tolist()], dtype=np.int64)[where]
        known = offsets != _NONE
        return wall - np.where(known, offsets, 0), known

    def moment(self, wall: int) -> int:
        """The same of one. Raises Unreadable for what the clock showed twice or never."""
        offset = 0 if self.rules is UTC else self._offset(wall // _MINUTE)
        if offset == _NONE:
            shown = from_microseconds(wall).replace(tzinfo=None)
            raise Unreadable(f"time {shown} came twice or never in {self.name}: its clocks were changed then")
        return wall - offset

    def days(self, moments: Moments) -> Moments:
        """The dates of these moments there, in days since 1970."""
        if self.rules is UTC:
            return moments // _DAY
        minutes, where = np.unique(moments // _MINUTE, return_inverse=True)
        shifts = [self._shift(minute) for minute in minutes.tolist()]
        return (moments + np.array(shifts, dtype=np.int64)[where]) // _DAY

    def _offset(self, minute: int) -> int:
        known = self._offsets.get(minute)
        if known is None:
            if len(self._offsets) >= _MOST_REMEMBERED:
                self._offsets.clear()
            known = self._offsets[minute] = self._looked_up(minute)
        return known

    def _looked_up(self, minute: int) -> int:
        wall = datetime(1970, 1, 1, tzinfo=self.rules) + timedelta(minutes=minute)  # wall-clock arithmetic
        first, second = wall.utcoffset(), wall.replace(fold=1).utcoffset()
        return first // MICROSECOND if first is not None and first == second else _NONE

    def _shift(self, minute: int) -> int:
        offset = from_microseconds(minute * _MINUTE).astimezone(self.rules).utcoffset()
        return offset // MICROSECOND if offset is not None else 0


UTC_ZONE: Final = Zone.named("UTC")

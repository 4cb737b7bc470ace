"""Event times that come in milliseconds or microseconds, told apart by magnitude, one by one.

Between 2009 and tomorrow the two ranges are a factor of about 700 apart, so that no number is in both: what is in
neither (seconds, nanoseconds, a microsecond value that something took for milliseconds: year 57111) is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt

from candlewick.domain.time import EARLIEST, microseconds
from candlewick.providers.exact import Unreadable


@dataclass(frozen=True, slots=True)
class EventTimes:
    """The microseconds since 1970 between which event times are believed: 2009 and tomorrow."""

    earliest: int
    latest: int

    @classmethod
    def until_tomorrow(cls, now: datetime) -> Self:
        return cls(microseconds(EARLIEST), microseconds(now + timedelta(days=1)))

    def column(self, values: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Microseconds, and for which values they could be told."""
        milliseconds = (values >= self.earliest // 1000) & (values <= self.latest // 1000)
        microseconds = (values >= self.earliest) & (values <= self.latest)
        return np.where(milliseconds, values * 1000, values), milliseconds | microseconds

    def one(self, value: int) -> int:
        """Microseconds.

        Raises:
            Unreadable: the value is a time in neither unit.
        """
        if self.earliest <= value <= self.latest:
            return value
        if self.earliest // 1000 <= value <= self.latest // 1000:
            return value * 1000
        raise Unreadable(f"time {value} lies between 2009 and tomorrow neither in milliseconds nor in microseconds")

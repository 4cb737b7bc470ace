"""An instrument's names through time: each row of a table says until when one of them held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from candlewick.domain.day import Spelling
from candlewick.providers.exact import Unreadable

_DAY: Final = timedelta(days=1)
_LONGEST: Final = 64


@dataclass(slots=True)
class Names:
    """What was said so far: the next row goes on where the one before it ended."""

    last: date | None = None

    def until(self, day: date, symbol: str) -> Spelling:
        """The name that held until that day.

        Raises:
            Unreadable: it is no name, or the days do not come in their order.
        """
        if not symbol or len(symbol) > _LONGEST or not symbol.isprintable():
            raise Unreadable(f"symbol {symbol[:_LONGEST]!r} is no name of 1 to {_LONGEST} characters")
        if self.last is not None and day <= self.last:
            raise Unreadable(f"date {day} does not come after {self.last}, until which another name held")
        since = None if self.last is None else self.last + _DAY
        self.last = day
        return Spelling(symbol, since, day)

"""What the name of a Binance archive says: `BTCUSDT-trades-2024-08-08.zip`, `BTCUSDT-1m-2024-08.csv`.

Source: github.com/binance/binance-public-data, README, "Where do I access data?".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from candlewick.domain.errors import UnknownFormat, UnsupportedInterval
from candlewick.domain.interval import Interval
from candlewick.domain.market import Tape
from candlewick.domain.time import Window

MINUTES_ONLY: Final = "import the file of the 1m klines, every larger interval is built from them"
_TAPES: Final = {"trades": Tape.TRADES, "aggTrades": Tape.AGGREGATED}
_NAME: Final = re.compile(
    r"(?P<symbol>[^-/]+)-(?P<kind>trades|aggTrades|\d+(?:s|mo|m|h|d|w))-"
    r"(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d))?\.(?:zip|csv)"
)


@dataclass(frozen=True, slots=True)
class ArchiveName:
    """A dated archive of one symbol. Without a tape it holds minute candles."""

    symbol: str
    tape: Tape | None
    window: Window

    @classmethod
    def parse(cls, name: str) -> ArchiveName | None:
        """Read a file's name; None if it is not one that Binance gives.

        Raises:
            UnsupportedInterval: klines of another width than a minute.
            UnknownFormat: a date that no calendar has.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        kind = match["kind"]
        if kind not in _TAPES and kind != "1m":
            raise UnsupportedInterval(kind, MINUTES_ONLY)
        try:
            window = _window(int(match["year"]), int(match["month"]), match["day"])
        except ValueError as exc:
            raise UnknownFormat(name, f"its name has no date: {exc}") from exc
        return cls(match["symbol"], _TAPES.get(kind), window)


def _window(year: int, month: int, day: str | None) -> Window:
    """The day or, without one, the month, in UTC."""
    start = datetime(year, month, int(day or 1), tzinfo=UTC)
    width = Interval.D1 if day else Interval.MO1
    return Window(start, width.duration.after(start))

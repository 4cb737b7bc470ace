"""How far trades can be read minute by minute so that nothing before, in order of sequence, comes after it.

Trades are kept by the minutes of their event times; a venue's sequences and its clock need not agree to the last trade.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np

MINUTES: Final = 4_000
"""That are looked at for a stretch."""
AHEAD: Final = 1_440
"""Minutes by which a trade may lie beyond those that come after it; one that is further off is found when it is met."""


class TradedMinute(NamedTuple):
    """What is known of a minute's trades without reading them."""

    open_time: datetime
    first: int
    """The smallest sequence."""
    last: int
    trades: int


def stretch(minutes: Sequence[TradedMinute], wanted: int, *, whole: bool) -> int:
    """How many of the minutes to read for so many trades, or for all; `whole`: there is no minute after these.

    0 if none of them can be told apart from what comes after it.
    """
    if not minutes:
        return 0
    first, last, trades = (np.array([getattr(each, name) for each in minutes]) for name in ("first", "last", "trades"))
    highest = np.maximum.accumulate(last)
    lowest_after = np.append(np.minimum.accumulate(first[::-1])[::-1][1:], np.iinfo(np.int64).max)
    ends = np.flatnonzero(highest < lowest_after) + 1
    if not whole:
        ends = ends[ends <= len(minutes) - AHEAD]
    if not len(ends):
        return 0
    enough = np.flatnonzero(np.cumsum(trades)[ends - 1] >= wanted)
    return int(ends[enough[0]] if len(enough) else ends[-1])

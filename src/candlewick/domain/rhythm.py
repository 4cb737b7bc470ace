"""How often an instrument is traded, and so which silence of it is none of the market's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import log
from typing import Final

FALSE_ALARM: Final = 1e-9
"""How likely the market alone is silent for longer than `Rhythm.longest_silence` after a trade."""
FEWEST_TRADES: Final = 30
"""Of fewer, no rhythm can be told."""
SHORTEST: Final = timedelta(seconds=10)
"""However busy the instrument: so long a silence may be the network's."""
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What a day of minute candles says about an instrument's pace."""

    trades: int
    span: timedelta
    """From its first minute to its last, both included."""
    fewest: int
    """Trades of the minute that has the fewest, of those that have any."""
    longest_pause: timedelta
    """Of minutes without any trade in a row."""

    @property
    def longest_silence(self) -> timedelta | None:
        """What the market alone is hardly ever silent for; None if nobody can tell.

        Trades that come independently of each other at a pace r are silent for longer than t with the probability
        exp(−r·t), so for longer than ln(1/p)/r with the probability p. An instrument that has trades in every minute
        is taken at the pace of its quietest one. One that has pauses is bursty: the exponential of its mean pace
        would cry wolf, so three times its longest pause (with the two minutes around it) is the least.
        """
        if self.trades < FEWEST_TRADES:
            return None
        if not self.longest_pause:
            return max(log(1 / FALSE_ALARM) * MINUTE / self.fewest, SHORTEST)
        return max(log(1 / FALSE_ALARM) * self.span / self.trades, 3 * (self.longest_pause + 2 * MINUTE))

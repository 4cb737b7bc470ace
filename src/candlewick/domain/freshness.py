"""How new what is here of an instrument is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Freshness:
    """The newest of each kind, by the venue's clock. None: there is none."""

    newest_trade: datetime | None = None
    newest_quote: datetime | None = None
    newest_candle: datetime | None = None
    """The open time of the newest minute candle, whatever it was made from."""
    covered_until: datetime | None = None
    """Everything that the source had up to there is here: the watermark."""
    open_gaps: int = 0
    """Gaps that are not repaired yet, and may be."""

    def lag(self, now: datetime) -> timedelta | None:
        """How old the newest trade or quote is; None if there is none. A venue whose clock is ahead lags by nothing."""
        newest = max((moment for moment in (self.newest_trade, self.newest_quote) if moment), default=None)
        return None if newest is None else max(now - newest, timedelta())

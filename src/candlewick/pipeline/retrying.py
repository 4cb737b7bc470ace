"""When a source is asked again for what it has none of, and when it is given up: a stated number of times."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from candlewick.domain.gap import Gap, GapEvidence

FIRST_RETRY: Final = timedelta(minutes=1)
"""A feed that mends its own gaps has had its chance by then; a job takes what is left."""
BY_HISTORY: Final = (FIRST_RETRY, timedelta(minutes=10), timedelta(hours=1))
"""After the first try, counted from when the gap was noticed."""
BY_ARCHIVE: Final = (timedelta(hours=30), timedelta(hours=54))
"""Archives are published on the next day, late ones a day later."""


def next_retry(gap: Gap, now: datetime, *, has_archives: bool) -> datetime | None:
    """When to try again after the try that just failed; None: never."""
    waits = BY_HISTORY + (BY_ARCHIVE if has_archives else ())
    return max(gap.detected_at + waits[gap.tries], now + FIRST_RETRY) if gap.tries < len(waits) else None


def is_for_archives(gap: Gap) -> bool:
    """Whether its history was asked often enough."""
    return gap.tries > len(BY_HISTORY)


def lacking(gap: Gap) -> str:
    """Why it stays a gap after one more try, in words."""
    asked = f"asked {gap.tries + 1} times" if gap.tries else "asked once"
    since = f"{asked} since {gap.detected_at:%Y-%m-%d %H:%M:%S} UTC"
    if gap.evidence is GapEvidence.RECONCILIATION:
        return f"{gap.source} counts more in its own candles than its trades hold, {since}"
    return f"{gap.source} has none of these trades, though it has later ones, {since}"

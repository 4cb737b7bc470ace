"""Candlewick with a clock that somebody sets: `python -m chaos.stepped FILE …` adds the seconds that FILE says."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

from candlewick.cli import main
from candlewick.clock import SystemClock


def step_clock(file: Path) -> None:
    """From now on every clock of this process is as many seconds ahead as the file says, at each look."""
    right = SystemClock.now

    def now(clock: SystemClock) -> datetime:
        try:
            ahead = float(file.read_text() or 0)
        except (OSError, ValueError):
            ahead = 0.0
        return right(clock) + timedelta(seconds=ahead)

    SystemClock.now = now  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    step_clock(Path(sys.argv.pop(1)))
    main()

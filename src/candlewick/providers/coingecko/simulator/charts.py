"""When a chart of the simulated CoinGecko has points: off any grid but for days, the last one now."""

from __future__ import annotations

from typing import Final
from zlib import crc32

from candlewick.providers.simulation.coins import DAY

_FIVE_MINUTES: Final = 300_000_000
_HOUR: Final = 3_600_000_000
_MILLISECOND: Final = 1_000


def moments(coin: str, start: int, end: int, now: int) -> list[int]:
    """Those of a chart from start to end, in microseconds: whole milliseconds, in order.

    Source: docs.coingecko.com, "Coin Historical Chart Data within Time Range": five minutes apart for a day up to now,
    an hour apart for up to 90 days, else one at each midnight.
    """
    width = DAY if end - start > 90 * DAY else _HOUR
    if end - start <= DAY and end >= now - _HOUR:
        width = _FIVE_MINUTES
    grid = range(start - start % width, min(end, now) + 1, width)
    strayed = [point if width == DAY else point + _stray(coin, point, width) for point in grid]
    found = [point for point in strayed if start <= point <= min(end, now)]
    return [*found, now - now % _MILLISECOND] if end >= now else found


def _stray(coin: str, point: int, width: int) -> int:
    """How far from the grid, always the same: up to nine tenths of the way to the next point."""
    share = crc32(f"{coin} {point}".encode()) % 900
    return width * share // 1_000 // _MILLISECOND * _MILLISECOND

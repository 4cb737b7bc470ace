"""Candles to try indicators on, and what is near enough."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from candlewick.domain.time import microseconds
from candlewick.indicators.series import CandleSeries
from recordings import recording

type Floats = npt.NDArray[np.float64]
MINUTE = 60_000_000


def walk(count: int, seed: int = 7, tick: float = 0.01, *, uneven: bool = False) -> CandleSeries:
    """A random walk, a minute a candle, prices on ticks so that some are equal; `uneven`: none are."""
    random = np.random.default_rng(seed)
    close = 100 + (np.cumsum(random.integers(-12, 13, count)) * tick).astype(np.float64)
    opened = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(opened, close) + random.integers(0, 9, count) * tick
    low = np.minimum(opened, close) - random.integers(0, 9, count) * tick
    volume = random.integers(0, 500, count) / 10
    if uneven:
        close = low + (high - low) * random.random(count)
    return CandleSeries(np.arange(count, dtype=np.int64) * MINUTE, opened, high, low, close, volume)


def recorded() -> CandleSeries:
    """502 days of a share."""
    with recording("indicators/skender/quotes/default.csv").open() as file:
        rows = list(csv.DictReader(file))
    times = [microseconds(datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)) for row in rows]
    columns = ([float(row[name]) for row in rows] for name in ("open", "high", "low", "close", "volume"))
    return CandleSeries(np.array(times, dtype=np.int64), *(np.array(column) for column in columns))


def answers(name: str, field: str) -> Floats:
    """What another library computed of them; NaN where it has nothing."""
    with gzip.open(recording(f"indicators/skender/results/{name}.standard.json.gz"), "rt") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return np.array([np.nan if row[field] is None else float(row[field]) for row in rows])


def equal(ours: Floats, theirs: Floats, start: int, scale: float = 0.0) -> bool:
    """To 1e-9 of the value (or of what it is a difference of) from a position on; both have values there."""
    mine, its = ours[start:], theirs[start:]
    assert len(mine) == len(its) > 0
    return bool(np.all(np.abs(mine - its) <= 1e-9 * np.maximum(np.abs(its), scale)))

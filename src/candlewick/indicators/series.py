"""Candles as columns of floats, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import orjson

from candlewick.domain.columns import CandleColumns, ColumnChoice
from candlewick.domain.errors import NotANumber
from candlewick.domain.indicator import IndicatorSpec

_FLOATS: Final = ("open", "high", "low", "close", "volume")
COLUMNS: Final = ColumnChoice(frozenset(), frozenset(_FLOATS), frozenset({"open_time"}))
"""What is read of candles to make a series of them."""

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CandleSeries:
    """Columns of equal length. `open_time` is in microseconds since 1970."""

    open_time: npt.NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @classmethod
    def of(cls, columns: CandleColumns) -> CandleSeries:
        """The columns as they were read, with the floats chosen by `COLUMNS`. A number that nobody knows is NaN."""
        if columns.written is None:
            opens: Sequence[int] = columns.open_time
            floats: Sequence[Sequence[float | None]] = [columns.floats.get(name, ()) for name in _FLOATS]
        else:
            opens = orjson.loads(columns.written.others["open_time"])
            floats = [orjson.loads(columns.written.floats[name]) for name in _FLOATS]
        return cls(np.array(opens, dtype=np.int64) * 1_000, *(np.array(each, dtype=np.float64) for each in floats))

    @classmethod
    def of_nothing(cls) -> CandleSeries:
        """No candles."""
        return cls(np.empty(0, np.int64), *(np.empty(0) for _ in _FLOATS))

    def __len__(self) -> int:
        return len(self.open_time)

    def __getitem__(self, part: slice) -> CandleSeries:
        return CandleSeries(*(getattr(self, name)[part] for name in CandleSeries.__slots__))

    def followed_by(self, others: CandleSeries) -> CandleSeries:
        """Both, these first."""
        pairs = ((getattr(self, name), getattr(others, name)) for name in CandleSeries.__slots__)
        return CandleSeries(*(np.concatenate(pair) for pair in pairs))

    def check(self, spec: IndicatorSpec) -> None:
        """Raises NotANumber: where the indicator needs a number, there is none."""
        for name in _floats_of(spec.inputs):
            wrong = np.flatnonzero(~np.isfinite(getattr(self, name)))
            if len(wrong):
                raise NotANumber(spec.name, name, int(wrong[0]))


def _floats_of(inputs: Sequence[str]) -> list[str]:
    return [name for name in inputs if name != "open_time"]

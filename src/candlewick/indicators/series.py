"""Candles as columns of floats, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from candlewick.domain.errors import NotANumber
from candlewick.domain.indicator import IndicatorSpec

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

    def __len__(self) -> int:
        return len(self.open_time)

    def __getitem__(self, part: slice) -> CandleSeries:
        return CandleSeries(*(getattr(self, name)[part] for name in CandleSeries.__slots__))

    def check(self, spec: IndicatorSpec) -> None:
        """Raises NotANumber: where the indicator needs a number, there is none."""
        for name in _floats_of(spec.inputs):
            wrong = np.flatnonzero(~np.isfinite(getattr(self, name)))
            if len(wrong):
                raise NotANumber(spec.name, name, int(wrong[0]))


def _floats_of(inputs: Sequence[str]) -> list[str]:
    return [name for name in inputs if name != "open_time"]

"""Candles to be traded on: floats to decide by, exact prices to pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from candlewick.domain.errors import NotANumber
from candlewick.domain.time import from_microseconds
from candlewick.indicators.series import CandleSeries

type Texts = npt.NDArray[np.bytes_]


@dataclass(frozen=True, slots=True)
class Tape:
    """Columns of equal length, oldest candle first."""

    series: CandleSeries
    close_time: npt.NDArray[np.int64]
    """In microseconds since 1970."""
    open: Texts
    """Exact decimals; so is `close`."""
    close: Texts

    def __len__(self) -> int:
        return len(self.series)

    def __getitem__(self, part: slice) -> Tape:
        return Tape(self.series[part], self.close_time[part], self.open[part], self.close[part])

    def check(self, taken_by: str) -> None:
        """Raises NotANumber: a price is none, or not above zero."""
        for name in ("open", "high", "low", "close"):
            values = getattr(self.series, name)
            wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
            if len(wrong):
                raise NotANumber(taken_by, name, int(wrong[0]))

    def open_at(self, candle: int) -> Decimal:
        return Decimal(self.open[candle].decode())

    def close_at(self, candle: int) -> Decimal:
        return Decimal(self.close[candle].decode())

    def opens(self, candle: int) -> datetime:
        return from_microseconds(int(self.series.open_time[candle]))

    def closes(self, candle: int) -> datetime:
        return from_microseconds(int(self.close_time[candle]))

    @property
    def digest(self) -> str:
        """Of all that a run depends on: equal for equal candles."""
        found = sha256()
        for name in CandleSeries.__slots__:
            found.update(np.ascontiguousarray(getattr(self.series, name)).tobytes())
        for column in (self.open, self.close):
            found.update(b"\n".join(column.tolist()))
        return found.hexdigest()

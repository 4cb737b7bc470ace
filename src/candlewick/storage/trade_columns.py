"""Trades as columns, straight from COPY BINARY: what many are read with, without an object a trade.

Wire format: PostgreSQL documentation, COPY, "Binary Format". Prices and sizes come as integers over the batch's scales,
so that every row is of one width.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import asyncpg
import numpy as np

from candlewick.domain.batch import DecimalColumn, TradeBatch
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import microseconds
from candlewick.storage.copying import EPOCH_SHIFT
from candlewick.storage.engine import Driver

_HEADER_BYTES: Final = 19
_TRAILER_BYTES: Final = 2
_INT64_MAX: Final = 2**63 - 1
_FIELDS: Final = (("sequence", ">i8"), ("ts", ">i8"), ("price", ">i8"), ("size", ">i8"), ("side", ">i2"))
_ROW: Final = np.dtype(
    [("field_count", ">i2"), *(pair for name, kind in _FIELDS for pair in ((f"{name}_length", ">i4"), (name, kind)))]
)

_WHERE: Final = """
FROM trade
WHERE instrument_id = $1 AND minute >= $2 AND minute < $3 AND ($4::bigint IS NULL OR sequence > $4)
"""
_SCALES: Final = f"""
SELECT count(*), coalesce(max(scale(price)), 0), coalesce(max(scale(size)), 0), max(price), max(size) {_WHERE}
"""
_NARROW: Final = f"SELECT sequence, ts, (price * $5)::bigint, (size * $6)::bigint, side {_WHERE}"
_WIDE: Final = f"SELECT sequence, ts, price, size, side {_WHERE}"


@dataclass(frozen=True, slots=True)
class TradeSpan:
    """Trades of an instrument in the minutes [start, end), behind a sequence if one is given."""

    instrument_id: InstrumentId
    start: datetime
    end: datetime
    after: int | None = None


async def read_columns(driver: Driver, span: TradeSpan) -> TradeBatch:
    """The trades in order of sequence. Both statements see the same if `driver` is in a snapshot."""
    where = (span.instrument_id, span.start, span.end, span.after)
    found = await driver.fetchrow(_SCALES, *where)
    assert found is not None
    count, *scales, price, size = found
    if not count:
        return TradeBatch.of([])
    factors = [Decimal(10) ** scale for scale in scales]
    if max(price * factors[0], size * factors[1]) > _INT64_MAX:
        return _ordered(_of_rows(await driver.fetch(_WIDE, *where)))
    parts: list[bytes] = []

    async def keep(part: bytes) -> None:
        parts.append(part)

    await driver.copy_from_query(_NARROW, *where, *factors, output=keep, format="binary")
    return _ordered(_of_copy(b"".join(parts), *scales))


def _of_copy(stream: bytes, price_scale: int, size_scale: int) -> TradeBatch:
    rows = np.frombuffer(stream, dtype=_ROW, offset=_HEADER_BYTES, count=_count(stream))
    column: dict[str, Any] = {name: rows[name].astype(kind.replace(">", "=")) for name, kind in _FIELDS}
    return TradeBatch(
        column["sequence"],
        column["ts"] + EPOCH_SHIFT,
        DecimalColumn(column["price"], price_scale),
        DecimalColumn(column["size"], size_scale),
        column["side"].astype(np.int8),
    )


def _count(stream: bytes) -> int:
    return (len(stream) - _HEADER_BYTES - _TRAILER_BYTES) // _ROW.itemsize


def _of_rows(rows: list[asyncpg.Record]) -> TradeBatch:
    """Numbers that do not fit 64 bits: one by one."""
    sequence, ts, price, size, side = zip(*rows, strict=True)
    return TradeBatch(
        np.array(sequence, dtype=np.int64),
        np.array([microseconds(each) for each in ts], dtype=np.int64),
        DecimalColumn.of(price),
        DecimalColumn.of(size),
        np.array(side, dtype=np.int8),
    )


def _ordered(batch: TradeBatch) -> TradeBatch:
    if (batch.sequence[1:] > batch.sequence[:-1]).all():
        return batch
    return batch[np.argsort(batch.sequence, kind="stable")]

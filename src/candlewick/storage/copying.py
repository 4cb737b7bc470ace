"""Trades as PostgreSQL's COPY BINARY wants them, built by numpy a column at a time.

Wire format: PostgreSQL documentation, COPY, "Binary Format"; NUMERIC as `numeric_recv` in
src/backend/utils/adt/numeric.c reads it: digits to the base of 10,000, padded alike in all rows, since the server trims
leading and trailing zeros itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import DecimalColumn, TradeBatch
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import microseconds

COLUMNS: Final = ("instrument_id", "minute", "sequence", "ts", "price", "size", "side", "version", "received_at")
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"
EPOCH_SHIFT: Final = microseconds(datetime(2000, 1, 1, tzinfo=UTC))
"""PostgreSQL counts microseconds from 2000, we from 1970."""
_BASE: Final = 10_000
_PIECE: Final = 1 << 19
_INT64_MAX: Final = 2**63 - 1


def copy_binary(batch: TradeBatch, instrument_id: InstrumentId, version: int, received_at: datetime) -> bytes:
    """The rows of `batch` as one COPY BINARY stream for the columns `COLUMNS`."""
    columns: dict[str, tuple[str, Any]] = {
        "instrument_id": (">i4", instrument_id),
        "minute": (">i8", batch.minute - EPOCH_SHIFT),
        "sequence": (">i8", batch.sequence),
        "ts": (">i8", batch.ts - EPOCH_SHIFT),
        "price": _numeric(batch.price),
        "size": _numeric(batch.size),
        "side": (">i2", batch.side),
        "version": (">i8", version),
        "received_at": (">i8", microseconds(received_at) - EPOCH_SHIFT),
    }
    fields: list[tuple[str, Any]] = [("field_count", ">i2")]
    for name in COLUMNS:
        fields += [(f"{name}_length", ">i4"), (name, np.dtype(columns[name][0]))]
    rows = np.empty(len(batch), dtype=fields)
    rows["field_count"] = len(COLUMNS)
    for name, (kind, values) in columns.items():
        rows[f"{name}_length"] = np.dtype(kind).itemsize
        rows[name] = values
    return b"".join((_HEADER, rows.tobytes(), _TRAILER))


async def pieces(stream: bytes) -> AsyncIterator[bytes]:
    """A COPY stream in parts. A file would do, but asyncpg reads files in threads, each of which keeps memory."""
    for start in range(0, len(stream), _PIECE):
        yield stream[start : start + _PIECE]


def _numeric(column: DecimalColumn) -> tuple[Any, npt.NDArray[Any]]:
    """Positive decimals as NUMERIC of one width: digit count, weight, sign, display scale, digits."""
    padding = -column.scale % 4
    aligned = _scaled(column.coefficients, 10**padding)
    groups = max(1, -(-len(str(int(aligned.max()))) // 4))
    kind = np.dtype(
        [("count", ">i2"), ("weight", ">i2"), ("sign", ">i2"), ("scale", ">i2"), ("digits", ">i2", (groups,))]
    )
    values = np.empty(len(column), dtype=kind)
    values["count"] = groups
    values["weight"] = groups - (column.scale + padding) // 4 - 1
    values["sign"] = 0
    values["scale"] = _display_scale(column)
    for group in reversed(range(groups)):
        aligned, digits = aligned // _BASE, aligned % _BASE
        values["digits"][:, group] = digits.astype(np.int16)
    return kind, values


def _scaled(coefficients: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    if coefficients.dtype != object and int(coefficients.max()) * factor > _INT64_MAX:
        coefficients = coefficients.astype(object)
    return coefficients * factor


def _display_scale(column: DecimalColumn) -> npt.NDArray[np.int16]:
    """Digits after the point without trailing zeros: the same number looks the same from whatever feed it came."""
    rest = column.coefficients.copy()
    scale = np.full(len(rest), column.scale, dtype=np.int16)
    for _ in range(column.scale):
        trailing = rest % 10 == 0
        if not trailing.any():
            break
        rest = np.where(trailing, rest // 10, rest)
        scale[trailing.astype(bool)] -= 1
    return scale

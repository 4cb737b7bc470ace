"""Candles as columns as the database writes them: a JSON array a column, where the tree is clean, in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from candlewick.domain.columns import NUMBERS, OTHERS, CandleColumns, ColumnChoice, WrittenColumns
from candlewick.domain.interval import Duration
from candlewick.domain.market import InstrumentId
from candlewick.domain.page import CandleQuery
from candlewick.storage.candle_writing import (
    ORIGIN,
    STATUS,
    WrittenCandles,
    arguments_of,
    candles_of,
    interval_of,
    meant,
    pages_of,
)
from candlewick.storage.folding import VWAP
from candlewick.storage.readers import Reader

_NULLABLE: Final = frozenset({"volume", "quote_volume", "vwap", "taker_buy_volume", "trade_count"})
_QUOTED: Final = '","'
_PLAIN: Final = ","


@dataclass(frozen=True, slots=True)
class _Column:
    """What each value is in SQL, and what stands between two of them: a comma, in quotation marks or not."""

    sql: str
    between: str

    @property
    def aggregate(self) -> str:
        return f"string_agg({self.sql}, '{self.between}')"

    def array(self, values: str) -> str:
        """The JSON array."""
        return f'["{values}"]' if self.between == _QUOTED else f"[{values}]"


async def write_columns(
    reader: Reader,
    instrument_ids: Sequence[InstrumentId],
    query: CandleQuery,
    choice: ColumnChoice,
    closed_before: datetime,
    *,
    best: bool,
) -> WrittenCandles[CandleColumns]:
    """The pages that can be written: of one origin, or of the best (which takes longer). The others are left out."""
    arguments = arguments_of(instrument_ids, query)
    if "status" in choice.others:
        arguments.append(query.duration.floor(closed_before))
    columns = _columns(choice, query.duration)
    aggregates = ", ".join(f'{column.aggregate} AS "{name}"' for name, column in columns.items())
    candles = candles_of(query, best=best)
    if query.newest:
        candles = f"SELECT * FROM ({candles}) AS newest ORDER BY open_time"
    statement = pages_of(query, aggregates, candles, counted="trade_count" in choice.others)
    rows, several = meant(await reader.fetch(statement, *arguments), best=best)
    return WrittenCandles({key: _page(row, columns, query) for key, row in rows.items()}, several)


def _columns(choice: ColumnChoice, width: Duration) -> Mapping[str, _Column]:
    """The open time is always one: cursors are made of it."""
    others = {
        "open_time": _Column(_milliseconds("open_time"), _PLAIN),
        "close_time": _Column(_milliseconds(f"open_time + {interval_of(width)}"), _PLAIN),
        "trade_count": _Column("coalesce(trade_count::text, 'null')", _PLAIN),
        "status": _Column(STATUS, _QUOTED),
        "origin": _Column(ORIGIN, _QUOTED),
    }
    return {
        **{f"exact {name}": _exact(name) for name in NUMBERS if name in choice.exact},
        **{f"floats {name}": _Column(_text(name), _PLAIN) for name in NUMBERS if name in choice.floats},
        **{f"others {name}": others[name] for name in OTHERS if name in choice.others or name == "open_time"},
    }


def _exact(name: str) -> _Column:
    if name not in _NULLABLE:
        return _Column(f"{name}::text", _QUOTED)
    return _Column(f"""coalesce('"' || {_value(name)} || '"', 'null')""", _PLAIN)


def _text(name: str) -> str:
    """A number as text that is JSON's too. Who reads it takes the nearest double, as all readers do."""
    return f"coalesce({_value(name)}, 'null')" if name in _NULLABLE else f"{name}::text"


def _value(name: str) -> str:
    return VWAP if name == "vwap" else f"{name}::text"


def _milliseconds(moment: str) -> str:
    """Of a moment without a fraction of a second."""
    return f"date_part('epoch', {moment})::bigint || '000'"


def _page(row: asyncpg.Record, columns: Mapping[str, _Column], query: CandleQuery) -> CandleColumns:
    """One candle more than fit was read, if there are: the first one of the newest, the last one of the oldest."""
    more: bool = row["more"]
    if row["others open_time"] is None:
        return CandleColumns()
    texts = {
        name: _shortened(row[name], column.between, query.newest) if more else row[name]
        for name, column in columns.items()
    }
    opens = texts["others open_time"]
    kinds: dict[str, dict[str, str]] = {"exact": {}, "floats": {}, "others": {}}
    for name, column in columns.items():
        kind, _, field = name.partition(" ")
        kinds[kind][field] = column.array(texts[name])
    first, last = int(opens.partition(_PLAIN)[0]), int(opens.rpartition(_PLAIN)[2])
    return CandleColumns(more=more, written=WrittenColumns(**kinds, first=first, last=last))


def _shortened(values: str, between: str, newest: bool) -> str:
    return values.partition(between)[2] if newest else values.rpartition(between)[0]

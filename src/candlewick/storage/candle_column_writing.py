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
_MADE_OF: Final = {
    "close_time": {"open_time"},
    "status": {"open_time", "revision"},
    "vwap": {"volume", "quote_volume"},
}
_QUOTED: Final = '","'
_PLAIN: Final = ","


_MILLISECONDS: Final = "000,"
"""Between whole seconds that stand for milliseconds."""
_NULL: Final = "null"


@dataclass(frozen=True, slots=True)
class _Column:
    """What each value is in SQL, and what stands between two of them: as little as can be is done for each value."""

    sql: str
    between: str

    @property
    def aggregate(self) -> str:
        return f"string_agg({self.sql}, '{self.between}')"

    def array(self, values: str) -> str:
        """The JSON array."""
        if self.between == _MILLISECONDS:
            return f"[{values}000]"
        if self.between == _PLAIN:
            return f"[{values}]"
        quoted = f'["{values}"]'
        return quoted.replace(f'"{_NULL}"', _NULL) if _NULL in quoted else quoted


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
        candles = f"SELECT {_needed(choice)} FROM ({candles}) AS newest ORDER BY open_time"
    statement = pages_of(query, aggregates, candles, counted="trade_count" in choice.others)
    rows, several = meant(await reader.fetch(statement, *arguments), best=best)
    return WrittenCandles({key: _page(row, columns, query) for key, row in rows.items()}, several)


def _columns(choice: ColumnChoice, width: Duration) -> Mapping[str, _Column]:
    """The open time is always one: cursors are made of it."""
    others = {
        "open_time": _Column(_seconds("open_time"), _MILLISECONDS),
        "close_time": _Column(_seconds(f"open_time + {interval_of(width)}"), _MILLISECONDS),
        "trade_count": _Column(f"coalesce(trade_count::text, '{_NULL}')", _PLAIN),
        "status": _Column(STATUS, _QUOTED),
        "origin": _Column(ORIGIN, _QUOTED),
    }
    return {
        **{f"exact {name}": _exact(name) for name in NUMBERS if name in choice.exact},
        **{f"floats {name}": _Column(_text(name), _PLAIN) for name in NUMBERS if name in choice.floats},
        **{f"others {name}": others[name] for name in OTHERS if name in choice.others or name == "open_time"},
    }


def _needed(choice: ColumnChoice) -> str:
    """The table's columns that the chosen ones are made of: what is sorted is as narrow as can be."""
    chosen = choice.exact | choice.floats | choice.others
    return ", ".join(sorted({"open_time"}.union(*(_MADE_OF.get(name, {name}) for name in chosen))))


def _exact(name: str) -> _Column:
    return _Column(_text(name), _QUOTED)


def _text(name: str) -> str:
    """A number as text that is JSON's too. Who reads it takes the nearest double, as all readers do."""
    value = VWAP if name == "vwap" else f"{name}::text"
    return f"coalesce({value}, '{_NULL}')" if name in _NULLABLE else value


def _seconds(moment: str) -> str:
    """Of a moment without a fraction of a second."""
    return f"date_part('epoch', {moment})::bigint::text"


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
    first, last = (1000 * int(end) for end in (opens.partition(_MILLISECONDS)[0], opens.rpartition(_MILLISECONDS)[2]))
    return CandleColumns(more=more, written=WrittenColumns(**kinds, first=first, last=last))


def _shortened(values: str, between: str, newest: bool) -> str:
    return values.partition(between)[2] if newest else values.rpartition(between)[0]

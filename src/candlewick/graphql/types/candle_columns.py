"""Candles as columns, for plots and data frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import strawberry

from candlewick.domain import columns
from candlewick.domain.columns import ColumnChoice
from candlewick.graphql.context import Info
from candlewick.graphql.executor import Column
from candlewick.graphql.results.written import WrittenColumn
from candlewick.graphql.scalars import DecimalText
from candlewick.graphql.selection import selected
from candlewick.graphql.types.connection import PageInfo
from candlewick.graphql.types.enums import CandleOrigin, CandleStatus, Coverage

_NAMES: Final = {
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "volume": "volume",
    "quoteVolume": "quote_volume",
    "vwap": "vwap",
    "takerBuyVolume": "taker_buy_volume",
}
"""Columns of numbers as clients call them."""
_OTHERS: Final = {
    "openTime": "open_time",
    "closeTime": "close_time",
    "tradeCount": "trade_count",
    "status": "status",
    "origin": "origin",
}


def chosen(info: Info) -> ColumnChoice:
    """The columns that are selected: no others are read."""
    names, floats = selected(info), selected(info, "floats")
    return ColumnChoice(
        frozenset(_NAMES[name] for name in names if name in _NAMES),
        frozenset(_NAMES[name] for name in floats if name in _NAMES),
        frozenset(_OTHERS[name] for name in names if name in _OTHERS),
    )


def _given(written: str | None, values: Sequence[Any]) -> list[Any]:
    """The column as the executor takes it."""
    return Column(values) if written is None else cast("list[Any]", WrittenColumn(written))


@strawberry.type(
    description=(
        "The numbers of the columns as floats, for plots and statistics: each is the double that is nearest to the "
        "exact number."
    )
)
class CandleFloats:
    """A view of the domain's columns."""

    row: strawberry.Private[columns.CandleColumns]

    @strawberry.field(description="The prices of the first trades, by sequence.")
    def open(self) -> list[float | None]:
        return self._floats("open")

    @strawberry.field(description="The highest prices.")
    def high(self) -> list[float | None]:
        return self._floats("high")

    @strawberry.field(description="The lowest prices.")
    def low(self) -> list[float | None]:
        return self._floats("low")

    @strawberry.field(description="The prices of the last trades, by sequence.")
    def close(self) -> list[float | None]:
        return self._floats("close")

    @strawberry.field(description="The sums of sizes, in the base asset.")
    def volume(self) -> list[float | None]:
        return self._floats("volume")

    @strawberry.field(description="The sums of price × size, in the quote asset.")
    def quote_volume(self) -> list[float | None]:
        return self._floats("quote_volume")

    @strawberry.field(description="Quote volume ÷ volume; null without volume.")
    def vwap(self) -> list[float | None]:
        return self._floats("vwap")

    @strawberry.field(description="The parts of the volumes whose aggressor bought.")
    def taker_buy_volume(self) -> list[float | None]:
        return self._floats("taker_buy_volume")

    def _floats(self, name: str) -> list[float | None]:
        written = self.row.written.floats[name] if self.row.written else None
        return _given(written, self.row.floats.get(name, ()))


@strawberry.type(
    description="Candles as columns, in order of time: the n-th element of each column is of the n-th candle."
)
class CandleColumns:
    """A view of the domain's columns."""

    row: strawberry.Private[columns.CandleColumns]
    page_info: PageInfo = strawberry.field(
        description="Where this page stands in the list; its cursors are those of `candles` with the same arguments."
    )

    @strawberry.field(
        description=(
            "Where the windows start, in whole milliseconds since 1970 in UTC, which a double holds exactly: "
            "`new Date(x)` in JavaScript, `pd.to_datetime(x, unit='ms', utc=True)` in Python."
        )
    )
    def open_time(self) -> list[float]:
        return self._other("open_time")

    @strawberry.field(description="Where the windows end, in whole milliseconds since 1970 in UTC.")
    def close_time(self) -> list[float]:
        return self._other("close_time")

    @strawberry.field(description="The prices of the first trades, by sequence.")
    def open(self) -> list[DecimalText | None]:
        return self._exact("open")

    @strawberry.field(description="The highest prices.")
    def high(self) -> list[DecimalText | None]:
        return self._exact("high")

    @strawberry.field(description="The lowest prices.")
    def low(self) -> list[DecimalText | None]:
        return self._exact("low")

    @strawberry.field(description="The prices of the last trades, by sequence.")
    def close(self) -> list[DecimalText | None]:
        return self._exact("close")

    @strawberry.field(description="The sums of sizes, in the base asset.")
    def volume(self) -> list[DecimalText | None]:
        return self._exact("volume")

    @strawberry.field(description="The sums of price × size, in the quote asset.")
    def quote_volume(self) -> list[DecimalText | None]:
        return self._exact("quote_volume")

    @strawberry.field(description="Quote volume ÷ volume, rounded half up to 18 decimal places; null without volume.")
    def vwap(self) -> list[DecimalText | None]:
        return self._exact("vwap")

    @strawberry.field(description="The parts of the volumes whose aggressor bought.")
    def taker_buy_volume(self) -> list[DecimalText | None]:
        return self._exact("taker_buy_volume")

    @strawberry.field(description="How many trades, as the instrument's tape counts them.")
    def trade_count(self) -> list[int | None]:
        return self._other("trade_count")

    @strawberry.field(description="Whether the candles can still change.")
    def status(self) -> list[CandleStatus]:
        return self._other("status")

    @strawberry.field(description="What the candles are made from; never AUTO.")
    def origin(self) -> list[CandleOrigin]:
        return self._other("origin")

    @strawberry.field(description="Whether they have all that was traded in their windows.")
    def coverage(self) -> list[Coverage]:
        return Column(self.row.coverage)

    @strawberry.field(description="The same numbers as floats.")
    def floats(self) -> CandleFloats:
        return CandleFloats(row=self.row)

    def _exact(self, name: str) -> list[DecimalText | None]:
        written = self.row.written.exact[name] if self.row.written else None
        return _given(written, self.row.exact.get(name, ()))

    def _other(self, name: str) -> list[Any]:
        written = self.row.written.others[name] if self.row.written else None
        return _given(written, getattr(self.row, name))

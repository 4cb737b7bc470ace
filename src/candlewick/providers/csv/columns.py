"""What a column of a table may mean, how people usually head it, and what kind of rows a set of columns makes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from candlewick.domain.market import DataKind


class Column(StrEnum):
    """The meaning of a column. The value is its name in a mapping's table `columns`."""

    TIME = "time"
    """The event's time; for candles when they open, for days their date."""
    DATE = "date"
    """The date that goes before `time`, where the two have a column each."""
    ID = "id"
    PRICE = "price"
    SIZE = "size"
    SIDE = "side"
    BUYER_IS_MAKER = "buyer_is_maker"
    OPEN = "open"
    HIGH = "high"
    LOW = "low"
    CLOSE = "close"
    VOLUME = "volume"
    QUOTE_VOLUME = "quote_volume"
    TRADE_COUNT = "trade_count"
    TAKER_BUY_VOLUME = "taker_buy_volume"
    TAKER_BUY_QUOTE_VOLUME = "taker_buy_quote_volume"
    BID = "bid"
    ASK = "ask"
    MARKET_CAP = "market_cap"
    VOLUME_24H = "volume_24h"
    CHANGE_24H = "change_24h"
    PRICE_FACTOR = "price_factor"
    SPLIT_FACTOR = "split_factor"
    REFERENCE_PRICE = "reference_price"
    SYMBOL = "symbol"
    """What the venue called it until that date. Only a mapping says so: many a table has a name in each row."""


ALLOWED: Final[Mapping[DataKind, Sequence[Column]]] = {
    DataKind.TRADES: (
        Column.DATE,
        Column.TIME,
        Column.ID,
        Column.PRICE,
        Column.SIZE,
        Column.SIDE,
        Column.BUYER_IS_MAKER,
    ),
    DataKind.CANDLES: (
        Column.DATE,
        Column.TIME,
        Column.OPEN,
        Column.HIGH,
        Column.LOW,
        Column.CLOSE,
        Column.VOLUME,
        Column.QUOTE_VOLUME,
        Column.TRADE_COUNT,
        Column.TAKER_BUY_VOLUME,
        Column.TAKER_BUY_QUOTE_VOLUME,
    ),
    DataKind.QUOTES: (
        Column.DATE,
        Column.TIME,
        Column.PRICE,
        Column.BID,
        Column.ASK,
        Column.MARKET_CAP,
        Column.VOLUME_24H,
        Column.CHANGE_24H,
    ),
    DataKind.DAYS: (
        Column.TIME,
        Column.OPEN,
        Column.HIGH,
        Column.LOW,
        Column.CLOSE,
        Column.VOLUME,
        Column.PRICE_FACTOR,
        Column.SPLIT_FACTOR,
        Column.REFERENCE_PRICE,
        Column.SYMBOL,
    ),
}
"""The columns that rows of a kind may have."""
TEXTS: Final = frozenset({Column.TIME, Column.DATE, Column.SIDE, Column.BUYER_IS_MAKER, Column.SYMBOL})
COUNTS: Final = frozenset({Column.ID, Column.TRADE_COUNT})
SCALABLE: Final = tuple(column for column in Column if column not in TEXTS | COUNTS)
"""Those that hold decimals."""
_PRICES: Final = (Column.OPEN, Column.HIGH, Column.LOW, Column.CLOSE)
_FACTORS: Final = (Column.PRICE_FACTOR, Column.SPLIT_FACTOR)

_SPELLINGS: Final[Mapping[Column, str]] = {
    Column.TIME: (
        "time timestamp datetime date_time ts time_utc timestamp_utc datetime_utc trade_time event_time exchange_time "
        "open_time time_open unix unix_time unix_timestamp unixtime epoch timestamp_ms time_ms t gmt_time date day"
    ),
    Column.DATE: "date day",
    Column.ID: "id trade_id tradeid tid sequence seq agg_trade_id aggregate_id trade_no deal_id",
    Column.PRICE: "price px trade_price last last_price rate value",
    Column.SIZE: "size qty quantity amount volume vol trade_size last_size base_qty base_amount",
    Column.SIDE: "side taker_side aggressor aggressor_side direction",
    Column.BUYER_IS_MAKER: "buyer_is_maker is_buyer_maker isbuyermaker buyer_maker",
    Column.OPEN: "open open_price o first",
    Column.HIGH: "high high_price h max",
    Column.LOW: "low low_price l min",
    Column.CLOSE: "close close_price c price last value",
    Column.VOLUME: "volume vol base_volume volume_base v volume_traded qty",
    Column.QUOTE_VOLUME: "quote_volume quote_asset_volume volume_quote turnover",
    Column.TRADE_COUNT: "trade_count trades count number_of_trades num_trades trades_count n",
    Column.TAKER_BUY_VOLUME: "taker_buy_volume taker_buy_base_volume taker_buy_base_asset_volume",
    Column.TAKER_BUY_QUOTE_VOLUME: "taker_buy_quote_volume taker_buy_quote_asset_volume",
    Column.BID: "bid bid_price best_bid best_bid_price",
    Column.ASK: "ask ask_price best_ask best_ask_price offer",
    Column.MARKET_CAP: "market_cap marketcap market_capitalization",
    Column.VOLUME_24H: "volume_24h total_volume volume24h",
    Column.CHANGE_24H: "change_24h price_change_percentage_24h percent_change_24h",
    Column.PRICE_FACTOR: "price_factor",
    Column.SPLIT_FACTOR: "split_factor",
    Column.REFERENCE_PRICE: "reference_price",
    Column.SYMBOL: "",
}
_SEPARATORS: Final = re.compile(r"[\s._\-/]+")
_WRAPPING: Final = re.compile(r"^[<\[(]+|[>\])]+$|\s*[(\[].*$")


def plain(name: str) -> str:
    """A column's name without what people decorate it with: `<Open Price>`, `open-price` and `Open_Price` are one."""
    return _SEPARATORS.sub("_", _WRAPPING.sub("", name.strip()).strip().lower()).strip("_")


def spellings(column: Column) -> Sequence[str]:
    """The names by which a column is known without a mapping, the likeliest first."""
    return _SPELLINGS[column].split()


def kind_of(names: Collection[str], *, dated: bool) -> DataKind | None:
    """What rows with columns of these plain names are; None if they are nothing that we know.

    `dated`: their times are dates, so that what looks like a candle or a price is a day.
    """

    def has(column: Column) -> bool:
        return any(name in names for name in spellings(column))

    if all(map(has, _FACTORS)):
        return DataKind.DAYS
    if all(map(has, _PRICES)):
        return DataKind.DAYS if dated else DataKind.CANDLES
    sided = has(Column.SIDE) or has(Column.BUYER_IS_MAKER)
    if has(Column.PRICE) and has(Column.SIZE) and (sided or not dated):
        return DataKind.TRADES
    if has(Column.BID) or has(Column.ASK):
        return DataKind.QUOTES
    if has(Column.CLOSE) or has(Column.PRICE):
        return DataKind.DAYS if dated else DataKind.QUOTES
    return None


def missing(kind: DataKind, columns: Collection[Column]) -> str | None:
    """What rows of that kind still lack, in words; None if nothing."""
    lacking = [f"`{column}`" for column in _required(kind, columns) if column not in columns]
    if lacking:
        return " and ".join(lacking)
    if kind is DataKind.QUOTES and not set(columns) & set(ALLOWED[kind][2:]):
        return "`price`, `bid` or `ask`"
    return None


def _required(kind: DataKind, columns: Collection[Column]) -> Iterator[Column]:
    yield Column.TIME
    match kind:
        case DataKind.TRADES:
            yield from (Column.PRICE, Column.SIZE)
        case DataKind.CANDLES:
            yield from (*_PRICES, Column.VOLUME)
        case DataKind.DAYS if set(columns) & set(_FACTORS):
            yield from _FACTORS
        case DataKind.DAYS if Column.SYMBOL not in columns:
            yield Column.CLOSE
        case DataKind.DAYS:
            pass
        case DataKind.QUOTES:
            pass

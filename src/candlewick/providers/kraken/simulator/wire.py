"""Trades, candles and tickers as Kraken writes them: lists of texts over REST, objects of numbers over the websocket.

Kraken's clock counts nanoseconds; ours has each trade in the middle of its microsecond, so that the microsecond can be
read from the double that REST writes.
Source: docs.kraken.com, "Get Recent Trades", "Get OHLC Data", "Get Ticker Information", "Spot WebSocket v2".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from candlewick.domain.batch import TradeBatch
from candlewick.domain.time import from_microseconds
from candlewick.providers.simulation.candles import MadeCandle
from candlewick.providers.simulation.day import Figures
from candlewick.providers.simulation.figures import fixed

NS: Final = 1000
"""Nanoseconds in a microsecond."""
_MIDDLE: Final = 500
_LOT_PLACES: Final = 8
_LEAST_PRICE_PLACES: Final = 5
"""Decimals of a price among trades, however coarse the tick is."""
_LETTERS: Final = {1: "b", -1: "s"}
_WORDS: Final = {1: "buy", -1: "sell"}
_ORDERS: Final = ("market", "limit")
_EXACT: Final = Context(prec=60)


def nanosecond(moment: int) -> int:
    """When the trade of that microsecond was."""
    return moment * NS + _MIDDLE


def first_after(since: int) -> int:
    """The first microsecond whose trades are later than so many nanoseconds since 1970."""
    return (since - _MIDDLE) // NS + 1


def rows(batch: TradeBatch, places: int) -> str:
    """Trades as an array of REST's rows."""
    columns = zip(*_columns(batch, max(places, _LEAST_PRICE_PLACES)), strict=True)
    return _array([
        f'["{price}","{size}",{nanosecond(moment) / 10**9!r},"{_LETTERS[side]}","{_ORDERS[number % 2][0]}","",{number}]'
        for number, price, size, moment, side in columns
    ])  # fmt: skip


def events(batch: TradeBatch, symbol: str, places: int, kind: str = "update") -> str:
    """Trades as one message of the channel `trade`."""
    data = [
        f'{{"symbol":"{symbol}","side":"{_WORDS[side]}","price":{price},"qty":{size},'
        f'"ord_type":"{_ORDERS[number % 2]}","trade_id":{number},"timestamp":"{iso(moment)}"}}'
        for number, price, size, moment, side in zip(*_columns(batch, places), strict=True)
    ]
    return f'{{"channel":"trade","type":"{kind}","data":{_array(data)}}}'


def candle_row(candle: MadeCandle, places: int) -> str:
    """A row of OHLC: without trades the average price is written as 0.0."""
    prices = '","'.join(rounded(text, places) for text in (candle.open, candle.high, candle.low, candle.close))
    average = rounded(vwap(candle.quote_volume, candle.volume), places) if candle.trades else "0.0"
    return f'[{candle.opened // 10**6},"{prices}","{average}","{candle.volume}",{candle.trades}]'


def candle_event(candle: MadeCandle, symbol: str, places: int, now: int, kind: str = "update") -> str:
    """A message of the channel `ohlc`, of one minute."""
    prices = zip(("open", "high", "low", "close"), (candle.open, candle.high, candle.low, candle.close), strict=True)
    named = ",".join(f'"{name}":{rounded(text, places)}' for name, text in prices)
    average = rounded(vwap(candle.quote_volume, candle.volume), places)
    data = (
        f'{{"symbol":"{symbol}",{named},"trades":{candle.trades},"volume":{candle.volume},"vwap":{average},'
        f'"interval_begin":"{iso(candle.opened)[:-1]}000Z","interval":1,"timestamp":"{iso(now)}"}}'
    )
    return f'{{"channel":"ohlc","type":"{kind}","timestamp":"{iso(now)}","data":[{data}]}}'


def ticker(figures: Figures, places: int) -> dict[str, Any]:
    """One pair's object of Ticker: today's figures and those of 24 hours are ours of a while."""
    price = [rounded(text, max(places, _LEAST_PRICE_PLACES)) for text in figures.prices]
    last, bid, ask, low, high, opened, average = price
    return {
        "a": [ask, "1", "1.000"],
        "b": [bid, "1", "1.000"],
        "c": [last, figures.last_size],
        "v": [figures.volume, figures.volume],
        "p": [average, average],
        "t": [figures.trades, figures.trades],
        "l": [low, low],
        "h": [high, high],
        "o": opened,
    }


def ticker_event(figures: Figures, symbol: str, places: int, now: int, kind: str = "update") -> str:
    """A message of the channel `ticker`."""
    last, bid, ask, low, high, opened, average = (rounded(text, places) for text in figures.prices)
    change = _EXACT.subtract(Decimal(last), Decimal(opened))
    percent = _EXACT.divide(_EXACT.multiply(change, Decimal(100)), Decimal(opened))
    data = (
        f'{{"symbol":"{symbol}","bid":{bid},"bid_qty":1.00000000,"ask":{ask},"ask_qty":1.00000000,"last":{last},'
        f'"volume":{figures.volume},"vwap":{average},"low":{low},"high":{high},"change":{change},'
        f'"change_pct":{rounded(str(percent), 2)},"timestamp":"{iso(now)}"}}'
    )
    return f'{{"channel":"ticker","type":"{kind}","data":[{data}]}}'


def iso(moment: int) -> str:
    """Microseconds since 1970 as RFC 3339 has them, with six decimals."""
    return f"{_naive(moment).isoformat(timespec='microseconds')}Z"


def rounded(text: str, places: int) -> str:
    """The number with so many decimals, half up."""
    return f"{Decimal(text).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT):f}"


def vwap(quote_volume: str, volume: str) -> str:
    """The average price; 0 without volume."""
    return str(_EXACT.divide(Decimal(quote_volume), Decimal(volume))) if Decimal(volume) else "0"


def _naive(moment: int) -> datetime:
    return from_microseconds(moment).replace(tzinfo=None)


def _columns(batch: TradeBatch, places: int) -> tuple[list[int], Sequence[str], Sequence[str], list[int], list[int]]:
    """Number, price, size, time and side of each trade."""
    return (
        batch.sequence.tolist(), fixed(batch.price, places), fixed(batch.size, _LOT_PLACES), batch.ts.tolist(),
        batch.side.tolist(),
    )  # fmt: skip


def _array(items: Sequence[str]) -> str:
    return f"[{','.join(items)}]"

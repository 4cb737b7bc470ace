"""Klines: candles as Binance writes them."""

from __future__ import annotations

from typing import Final

from candlewick.providers.binance.simulator.wire import TimeUnit
from candlewick.providers.simulation.candles import MINUTE, MadeCandle

WIDTHS: Final = {
    "1s": 1_000_000,
    **{f"{minutes}m": minutes * MINUTE for minutes in (1, 3, 5, 15, 30)},
    "1h": 60 * MINUTE,
}
"""Microseconds. Wider ones are not simulated: a page of them would be years of trades."""


def _times(kline: MadeCandle, unit: TimeUnit) -> tuple[int, int]:
    """Open and close time: the close is the last unit of time before the next candle opens."""
    return unit.of(kline.opened), unit.of(kline.opened + kline.width) - 1


def row_json(kline: MadeCandle, unit: TimeUnit) -> str:
    """A row of the answer of `klines`."""
    opened, closed = _times(kline, unit)
    return (
        f'[{opened},"{kline.open}","{kline.high}","{kline.low}","{kline.close}","{kline.volume}",{closed},'
        f'"{kline.quote_volume}",{kline.trades},"{kline.taker_volume}","{kline.taker_quote_volume}","0"]'
    )


def line(kline: MadeCandle, unit: TimeUnit) -> str:
    """A line of an archive."""
    opened, closed = _times(kline, unit)
    return (
        f"{opened},{kline.open},{kline.high},{kline.low},{kline.close},{kline.volume},{closed},"
        f"{kline.quote_volume},{kline.trades},{kline.taker_volume},{kline.taker_quote_volume},0\n"
    )


def frame(kline: MadeCandle, symbol: str, interval: str, event_time: int, unit: TimeUnit, *, closed: bool) -> str:
    """A message of a raw kline stream."""
    opened, end = _times(kline, unit)
    return (
        f'{{"e":"kline","E":{unit.of(event_time)},"s":"{symbol}","k":{{"t":{opened},"T":{end},"s":"{symbol}",'
        f'"i":"{interval}","f":{kline.first},"L":{kline.last},"o":"{kline.open}","c":"{kline.close}",'
        f'"h":"{kline.high}","l":"{kline.low}","v":"{kline.volume}","n":{kline.trades},'
        f'"x":{"true" if closed else "false"},"q":"{kline.quote_volume}","V":"{kline.taker_volume}",'
        f'"Q":"{kline.taker_quote_volume}","B":"0"}}}}'
    )

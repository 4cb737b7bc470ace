"""Candles made comparable with today's: prices times the factors of their day, volumes divided by its splits.

Exact: a price is the whole product, no digit is rounded away. A volume is a quotient and may have no end: it is
rounded half up to 18 decimal places, as `vwap` is. The factor of a day is the oldest row that is not before it, as
LEAN's factor files have it; after the newest row it is 1.
"""

from __future__ import annotations

from typing import Final

from candlewick.domain.day import Adjustment

_PRICE: Final = {Adjustment.SPLITS: "split_factor", Adjustment.ALL: "price_factor * split_factor"}
_VALUE: Final = {Adjustment.SPLITS: "1", Adjustment.ALL: "price_factor"}
"""What quote volume is multiplied by: the splits in price and volume cancel each other."""

_ADJUSTED: Final = """
SELECT raw.instrument_id, raw.origin, raw.open_time,
       trim_scale(raw.open * by.price) AS open, trim_scale(raw.high * by.price) AS high,
       trim_scale(raw.low * by.price) AS low, trim_scale(raw.close * by.price) AS close,
       {volume} AS volume, trim_scale(raw.quote_volume * by.value) AS quote_volume, raw.trade_count,
       {taker_buy_volume} AS taker_buy_volume, NULL::numeric AS taker_buy_quote_volume, raw.revision, raw.version
FROM ({raw}) AS raw
LEFT JOIN LATERAL (
    SELECT {price} AS price, {value} AS value, split_factor AS split
    FROM factor
    WHERE factor.instrument_id = raw.instrument_id AND factor.day >= (raw.open_time AT TIME ZONE 'UTC')::date
    ORDER BY factor.day
    LIMIT 1
) AS found ON true
CROSS JOIN LATERAL (
    SELECT coalesce(found.price, 1) AS price, coalesce(found.value, 1) AS value, coalesce(found.split, 1) AS split
) AS by"""


def adjusted(raw: str, adjustment: Adjustment) -> str:
    """SQL for the same candles, adjusted; none of them may reach into a second day."""
    return _ADJUSTED.format(
        raw=raw,
        price=_PRICE[adjustment],
        value=_VALUE[adjustment],
        volume=_divided("raw.volume"),
        taker_buy_volume=_divided("raw.taker_buy_volume"),
    )


def _divided(volume: str) -> str:
    return f"trim_scale(div(2 * {volume} * 1e18 + by.split, 2 * by.split) * 1e-18)"

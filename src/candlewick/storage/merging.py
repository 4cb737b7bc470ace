"""The SQL that stores trades and, in the same statement, folds what was really new into minute candles.

The merge does not care about order: sums add, high and low are greatest and least, open and close go by sequence.
"""

from __future__ import annotations

from typing import Final

MINUTE_COLUMNS: Final = (
    "open, high, low, close, volume, quote_volume, trade_count, taker_buy_volume, taker_buy_quote_volume"
)

INCOMING: Final = """
CREATE TEMPORARY TABLE IF NOT EXISTS incoming (
    instrument_id integer, minute timestamptz, sequence bigint, ts timestamptz, price numeric, size numeric,
    side smallint, version bigint, received_at timestamptz, position bigint GENERATED ALWAYS AS IDENTITY
) ON COMMIT DELETE ROWS
"""

_INSERT_NEW: Final = """
fresh AS (
    INSERT INTO trade (instrument_id, minute, sequence, ts, price, size, side, version, received_at)
    SELECT instrument_id, minute, sequence, ts, price, size, side, version, received_at
    FROM incoming
    ORDER BY minute, sequence, position
    ON CONFLICT (instrument_id, minute, sequence) DO NOTHING
    RETURNING minute, sequence, price, size, side
)"""

_JUST_COPIED: Final = """
fresh AS (
    SELECT minute, sequence, price, size, side
    FROM trade
    WHERE instrument_id = $1 AND minute >= $5 AND minute < $6
)"""

# $1 instrument, $2 version, $3 minutes that open before it are closed, $4 first version of this transaction: what it
# wrote before, nobody has seen ($5, $6: bounds of what was copied).
# `min(ARRAY[sequence, price])` has the price of the smallest sequence: as fast as first(price, sequence), everywhere.
_FOLD: Final = """
minute_candle AS (
    SELECT minute, count(*) AS trade_count, min(sequence) AS first_sequence, max(sequence) AS last_sequence,
           (min(ARRAY[sequence, price]))[2] AS open, max(price) AS high, min(price) AS low,
           (max(ARRAY[sequence, price]))[2] AS close, sum(size) AS volume, sum(price * size) AS quote_volume,
           coalesce(sum(size) FILTER (WHERE side = 1), 0) AS taker_buy_volume,
           coalesce(sum(price * size) FILTER (WHERE side = 1), 0) AS taker_buy_quote_volume
    FROM fresh
    GROUP BY minute
),
merged AS (
    INSERT INTO candle_m1 AS kept (
        instrument_id, origin, open_time, open, high, low, close, volume, quote_volume, trade_count,
        taker_buy_volume, taker_buy_quote_volume, first_sequence, last_sequence, revision, version)
    SELECT $1, 0, minute, open, high, low, close, volume, quote_volume, trade_count,
           taker_buy_volume, taker_buy_quote_volume, first_sequence, last_sequence, 0, $2
    FROM minute_candle
    ORDER BY minute
    ON CONFLICT (instrument_id, origin, open_time) DO UPDATE SET
        open = CASE WHEN excluded.first_sequence < kept.first_sequence THEN excluded.open ELSE kept.open END,
        high = greatest(kept.high, excluded.high),
        low = least(kept.low, excluded.low),
        close = CASE WHEN excluded.last_sequence > kept.last_sequence THEN excluded.close ELSE kept.close END,
        volume = kept.volume + excluded.volume,
        quote_volume = kept.quote_volume + excluded.quote_volume,
        trade_count = kept.trade_count + excluded.trade_count,
        taker_buy_volume = kept.taker_buy_volume + excluded.taker_buy_volume,
        taker_buy_quote_volume = kept.taker_buy_quote_volume + excluded.taker_buy_quote_volume,
        first_sequence = least(kept.first_sequence, excluded.first_sequence),
        last_sequence = greatest(kept.last_sequence, excluded.last_sequence),
        revision = kept.revision + (kept.open_time < $3 AND kept.version < $4)::int,
        version = excluded.version
    RETURNING open_time
)"""

WIDEN: Final = """
span AS (
    INSERT INTO candle_span AS kept (instrument_id, origin, first_open, last_open)
    SELECT $1, {origin}, min(open_time), max(open_time) FROM merged HAVING count(*) > 0
    ON CONFLICT (instrument_id, origin) DO UPDATE SET
        first_open = least(kept.first_open, excluded.first_open),
        last_open = greatest(kept.last_open, excluded.last_open)
    WHERE excluded.first_open < kept.first_open OR excluded.last_open > kept.last_open
)"""
"""What every change of candles does with `merged` (open_time): widen the instrument's span of that origin."""

_SOIL: Final = """
dirt AS (
    INSERT INTO dirty_range AS kept (instrument_id, start_time, end_time, version)
    SELECT $1, min(open_time), max(open_time) + INTERVAL '1 minute', $2
    FROM merged
    GROUP BY date_trunc('day', open_time, 'UTC')
    ON CONFLICT (instrument_id, start_time, end_time) DO UPDATE SET version = excluded.version
)"""
MARK: Final = WIDEN + "," + _SOIL
"""What every change of minute candles does with `merged`: widen the span, mark dirt by UTC day."""

_COUNT: Final = """
SELECT (SELECT count(*) FROM fresh) AS stored, min(open_time) AS first_open, max(open_time) AS last_open FROM merged
"""

_CHAIN: Final = _FOLD + "," + MARK.format(origin=0) + _COUNT
MERGE_INCOMING: Final = f"WITH {_INSERT_NEW},{_CHAIN}"
"""Store what of `incoming` is new. Arguments: instrument, version, closed before, first version of the transaction."""
MERGE_COPIED: Final = f"WITH {_JUST_COPIED},{_CHAIN}"
"""Fold trades that were copied into an empty stretch. Arguments: as above, then the stretch's start and end."""

CLASHES: Final = """
SELECT i.position, i.sequence, i.ts, i.price::text AS price, i.size::text AS size, i.side,
       t.ts AS kept_ts, t.price::text AS kept_price, t.size::text AS kept_size, t.side AS kept_side
FROM incoming AS i
JOIN trade AS t ON t.instrument_id = $1 AND t.minute >= $2 AND t.minute < $3
    AND t.minute = i.minute AND t.sequence = i.sequence
WHERE (i.price, i.size, i.side) <> (t.price, t.size, t.side)
   OR i.ts <= t.ts - INTERVAL '1 millisecond' OR i.ts >= t.ts + INTERVAL '1 millisecond'
ORDER BY i.position
"""
"""Rows of `incoming` whose key is taken by other content. Times within a millisecond are the same one: some feeds cut
it there, and some (Kraken's REST) write it through a float, which moves it across the border of a microsecond."""

"""What was last seen of instruments up to a moment, as trades, quotes, published minutes and days: a statement each.

The spans of what there is are read first: they bound every look, so that none goes further back than it has to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import asyncpg

from candlewick.domain.candle import CandleOrigin
from candlewick.domain.market import InstrumentId
from candlewick.domain.price import Observation, PriceBasis
from candlewick.ports import Sight
from candlewick.storage.engine import Driver
from candlewick.storage.series import DAYS_CODE, ORIGIN_CODES

_TRADES: Final = ORIGIN_CODES[CandleOrigin.TRADES]
_VENUE: Final = ORIGIN_CODES[CandleOrigin.VENUE]
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)

# A source of '' stands for candles of the origin.
_SPANS: Final = """
SELECT instrument_id, '' AS source, origin, first_open AS first_time, last_open AS last_time
FROM candle_span WHERE instrument_id = ANY($1) AND origin <> 2
UNION ALL
SELECT instrument_id, source, NULL, first_ts, last_priced
FROM quote_span WHERE instrument_id = ANY($1) AND last_priced IS NOT NULL
"""

# $5 and $6 bound all of them: they let the planner leave out chunks before it starts.
_QUOTES: Final = """
SELECT asked.instrument_id, asked.upto, asked.source, q.price, q.ts, 'QUOTE', coalesce(q.bid > q.ask, false),
       q.volume_24h
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[], $4::text[])
    AS asked (instrument_id, upto, start_time, source)
CROSS JOIN LATERAL (
    SELECT coalesce(price, trim_scale((bid + ask) * 0.5)) AS price, least(seen_until, upto) AS ts, bid, ask, volume_24h
    FROM quote
    WHERE instrument_id = asked.instrument_id AND source = asked.source
      AND ts >= start_time AND ts <= upto AND ts >= $5 AND ts <= $6
      AND (price IS NOT NULL OR (bid IS NOT NULL AND ask IS NOT NULL))
    ORDER BY quote.ts DESC
    LIMIT 1
) AS q
"""

# Two minutes: all trades of the newest one may be from after the moment.
_MINUTES: Final = """
SELECT asked.instrument_id, asked.upto, asked.origin, m.open_time, m.close
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[], $4::smallint[])
    AS asked (instrument_id, upto, start_time, origin)
CROSS JOIN LATERAL (
    SELECT open_time, close FROM candle_m1
    WHERE instrument_id = asked.instrument_id AND origin = asked.origin
      AND open_time >= start_time AND open_time <= upto AND open_time >= $5 AND open_time <= $6
    ORDER BY open_time DESC
    LIMIT 2
) AS m
"""
_LAST_TRADES: Final = """
SELECT asked.instrument_id, asked.upto, asked.minute, t.price, t.ts
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS asked (instrument_id, upto, minute)
CROSS JOIN LATERAL (
    SELECT price, ts FROM trade
    WHERE instrument_id = asked.instrument_id AND minute = asked.minute AND ts <= upto
      AND minute >= $4 AND minute <= $5
    ORDER BY sequence DESC
    LIMIT 1
) AS t
"""

# A session is over when its day is, at the latest: what its close was, nobody could know before.
_DAYS: Final = """
SELECT asked.instrument_id, asked.upto, d.source, d.close, d.open_time + INTERVAL '24 hours', 'DAY', false,
       NULL::numeric
FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS asked (instrument_id, upto, start_time)
CROSS JOIN LATERAL (
    SELECT source, close, open_time FROM candle_day
    WHERE instrument_id = asked.instrument_id
      AND open_time >= start_time AND open_time <= upto - INTERVAL '24 hours' AND open_time >= $4 AND open_time <= $5
    ORDER BY open_time DESC
    LIMIT 1
) AS d
"""


@dataclass(frozen=True, slots=True)
class _Look:
    """Where the newest row before a moment is to be looked for."""

    sight: Sight
    start: datetime
    source: str
    origin: int | None


async def last_seen(driver: Driver, sights: Collection[Sight]) -> list[tuple[Sight, Observation]]:
    """What was last seen of each, by each source and in each way."""
    spans = await driver.fetch(_SPANS, list({sight.instrument_id for sight in sights}))
    looks = list(_looks(sights, spans))
    found = await _rows(driver, _QUOTES, [look for look in looks if look.origin is None], "source")
    found += await _rows(driver, _DAYS, [look for look in looks if look.origin == DAYS_CODE])
    by_key = {(sight.instrument_id, sight.upto): sight for sight in sights}
    seen = [(by_key[key, upto], _observation(*columns)) for key, upto, *columns in found]
    return seen + await _of_minutes(driver, [look for look in looks if look.origin in {_TRADES, _VENUE}])


def _looks(sights: Iterable[Sight], spans: Iterable[asyncpg.Record]) -> Iterator[_Look]:
    of_instrument: dict[InstrumentId, list[asyncpg.Record]] = {}
    for span in spans:
        of_instrument.setdefault(span["instrument_id"], []).append(span)
    for sight in sights:
        for span in of_instrument.get(sight.instrument_id, ()):
            last = span["last_time"]
            if span["first_time"] <= sight.upto:
                start = last if last + _reach(span["origin"]) <= sight.upto else span["first_time"]
                yield _Look(sight, start, span["source"], span["origin"])


def _reach(origin: int | None) -> timedelta:
    """How long after its time a row tells of."""
    if origin is None:
        return timedelta()
    return _DAY if origin == DAYS_CODE else _MINUTE


async def _rows(driver: Driver, statement: str, looks: Sequence[_Look], *more: str) -> list[asyncpg.Record]:
    """The rows of the looks, with `more` of each as parameters."""
    if not looks:
        return []
    bounds = min(look.start for look in looks), max(look.sight.upto for look in looks)
    columns = [[getattr(look, name) for look in looks] for name in more]
    keys, moments = [look.sight.instrument_id for look in looks], [look.sight.upto for look in looks]
    return await driver.fetch(statement, keys, moments, [look.start for look in looks], *columns, *bounds)


async def _of_minutes(driver: Driver, looks: Sequence[_Look]) -> list[tuple[Sight, Observation]]:
    """Of trades the last one; the close of a closed minute where trades are no longer kept, or were never here."""
    sights = {(look.sight.instrument_id, look.sight.upto): look.sight for look in looks}
    minutes = await _rows(driver, _MINUTES, looks, "origin")
    traded = {(sights[row[0], row[1]], row["open_time"]) for row in minutes if row["origin"] == _TRADES}
    trades = await _last_trades(driver, traded)
    best: dict[tuple[Sight, int], Observation] = {}
    for key, upto, origin, open_time, close in minutes:
        sight, over = sights[key, upto], open_time + _MINUTE
        found = trades.get((sight, open_time)) if origin == _TRADES else None
        if found is None and over <= upto:
            found = Observation(sight.venue, close, over, PriceBasis.CANDLE)
        known = best.get((sight, origin))
        if found is not None and (known is None or known.ts < found.ts):
            best[sight, origin] = found
    return [(sight, seen) for (sight, _), seen in best.items()]


async def _last_trades(
    driver: Driver, minutes: Collection[tuple[Sight, datetime]]
) -> Mapping[tuple[Sight, datetime], Observation]:
    """The last trade up to the moment in each minute."""
    if not minutes:
        return {}
    sights = {(sight.instrument_id, sight.upto): sight for sight, _ in minutes}
    keys, moments = [sight.instrument_id for sight, _ in minutes], [sight.upto for sight, _ in minutes]
    opens = [open_time for _, open_time in minutes]
    rows = await driver.fetch(_LAST_TRADES, keys, moments, opens, min(opens), max(opens))
    found = [(sights[key, upto], minute, price, ts) for key, upto, minute, price, ts in rows]
    return {
        (sight, minute): Observation(sight.venue, price, ts, PriceBasis.TRADE) for sight, minute, price, ts in found
    }


def _observation(source: str, price: Decimal, ts: datetime, basis: str, *rest: Any) -> Observation:
    return Observation(source, price, ts, PriceBasis(basis), *rest)

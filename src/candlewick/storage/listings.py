"""What venues list, many at once: new instruments are made, known ones take over what has changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from candlewick.ports import Listed, Listing
from candlewick.storage.engine import Driver

_LISTING: Final = 0x6C697374  # "list"

# All that a statement needs, whichever of it it uses: one parameter a column.
_LISTED: Final = """
unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
       $10::text[], $11::numeric[], $12::numeric[], $13::text[])
    AS listed (key, venue, venue_name, base, base_class, quote, quote_class, symbol, tape, status, tick_size, lot_size,
               base_name)
"""

# Ids are drawn for every row that is tried: what is known is left out first, or years of refreshing would use them up.
_ADD_VENUES: Final = f"""
INSERT INTO venue (code, name)
SELECT venue, min(venue_name) FROM {_LISTED} WHERE NOT EXISTS (SELECT FROM venue WHERE code = listed.venue)
GROUP BY venue
"""
_ADD_ASSETS: Final = f"""
WITH listed AS MATERIALIZED (SELECT * FROM {_LISTED})
INSERT INTO asset (code, asset_class)
SELECT base, base_class FROM listed UNION SELECT quote, quote_class FROM listed
EXCEPT SELECT code, asset_class FROM asset
"""
# The first name stays: sources that call an asset differently would rename it for ever.
_NAME_ASSETS: Final = f"""
UPDATE asset SET name = named.name
FROM (SELECT base, base_class, min(base_name) AS name FROM {_LISTED} WHERE base_name <> '' GROUP BY 1, 2) AS named
WHERE asset.code = named.base AND asset.asset_class = named.base_class AND asset.name IS NULL
"""
_ADD: Final = f"""
WITH made AS (
    INSERT INTO instrument (key, venue_id, base_id, quote_id, symbol, asset_class, tape, status, tick_size, lot_size)
    SELECT listed.key, venue.id, base.id, quote.id, symbol, base_class, tape, coalesce(status, 'TRADING'),
           tick_size, lot_size
    FROM {_LISTED}
    JOIN venue ON venue.code = listed.venue
    JOIN asset AS base ON base.code = listed.base AND base.asset_class = listed.base_class
    JOIN asset AS quote ON quote.code = listed.quote AND quote.asset_class = listed.quote_class
    WHERE NOT EXISTS (SELECT FROM instrument WHERE key = listed.key)
    RETURNING id, symbol
),
version AS (
    INSERT INTO instrument_version (instrument_id, version) SELECT id, 0 FROM made
),
alias AS (
    INSERT INTO symbol_alias (instrument_id, symbol) SELECT id, symbol FROM made
)
SELECT count(*) FROM made
"""
_CHANGE: Final = f"""
WITH changing AS (
    SELECT known.id, known.symbol AS former, listed.symbol, coalesce(listed.status, known.status) AS status,
           coalesce(listed.tick_size, known.tick_size) AS tick_size,
           coalesce(listed.lot_size, known.lot_size) AS lot_size
    FROM {_LISTED}
    JOIN instrument AS known USING (key)
    WHERE (known.symbol, known.status, known.tick_size, known.lot_size) IS DISTINCT FROM (
        listed.symbol, coalesce(listed.status, known.status), coalesce(listed.tick_size, known.tick_size),
        coalesce(listed.lot_size, known.lot_size))
),
changed AS (
    UPDATE instrument SET symbol = changing.symbol, status = changing.status, tick_size = changing.tick_size,
                          lot_size = changing.lot_size
    FROM changing
    WHERE instrument.id = changing.id
),
former AS (
    UPDATE symbol_alias SET valid_to = $14
    FROM changing
    WHERE instrument_id = changing.id AND changing.symbol <> former AND valid_to > $14
),
alias AS (
    INSERT INTO symbol_alias (instrument_id, symbol, valid_from)
    SELECT id, symbol, $14 FROM changing WHERE symbol <> former
)
SELECT count(*) FROM changing
"""


async def add(driver: Driver, listings: Sequence[Listing]) -> int:
    """Make those that are not known, with the venues and assets they need; how many there were. In a transaction.

    One process at a time: A-B and B-A at once would wait for each other's assets.
    """
    await driver.execute("SELECT pg_advisory_xact_lock($1)", _LISTING)
    columns = _columns(listings)
    await driver.execute(_ADD_VENUES, *columns)
    await driver.execute(_ADD_ASSETS, *columns)
    await driver.execute(_NAME_ASSETS, *columns)
    return int(await driver.fetchval(_ADD, *columns))


async def refresh(driver: Driver, listings: Sequence[Listing]) -> Listed:
    """Make the new ones, and take over what changed of the others. In a transaction."""
    listed = list({listing.key: listing for listing in listings}.values())
    if not listed:
        return Listed()
    added = await add(driver, listed)
    moment: datetime = await driver.fetchval("SELECT clock_timestamp()")  # now() may be from before the lock was ours
    changed = int(await driver.fetchval(_CHANGE, *_columns(listed), moment))
    return Listed(added, changed, len(listed) - added - changed)


def _columns(listings: Sequence[Listing]) -> list[list[Any]]:
    rows = [
        (
            str(listing.key),
            listing.key.venue,
            listing.venue_name,
            listing.key.base,
            listing.base_class,
            listing.key.quote,
            listing.quote_class,
            listing.symbol,
            listing.tape,
            listing.status,
            listing.tick_size,
            listing.lot_size,
            listing.base_name,
        )
        for listing in listings
    ]
    return [list(column) for column in zip(*rows, strict=True)]

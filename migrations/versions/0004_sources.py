"""The sources: quotes, days and factors, the watch list, gaps and what is covered.

Portable SQL; where TimescaleDB is there, quotes become a hypertable.
"""

from alembic import op

from candlewick.storage.capabilities import Capability, detect_sync

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

QUOTES = """
-- `seen_until`: when the source was last seen saying the same, without anything else in between.
CREATE TABLE quote (
    instrument_id integer     NOT NULL,
    ts            timestamptz NOT NULL,
    source        text COLLATE "C" NOT NULL,
    price         numeric CHECK (price > 0 AND price < 'Infinity'),
    bid           numeric CHECK (bid > 0 AND bid < 'Infinity'),
    ask           numeric CHECK (ask > 0 AND ask < 'Infinity'),
    market_cap    numeric CHECK (market_cap >= 0 AND market_cap < 'Infinity'),
    volume_24h    numeric CHECK (volume_24h >= 0 AND volume_24h < 'Infinity'),
    change_24h    numeric,
    seen_until    timestamptz NOT NULL CHECK (seen_until >= ts),
    version       bigint      NOT NULL,
    received_at   timestamptz NOT NULL,
    PRIMARY KEY (instrument_id, ts, source),
    CHECK (num_nonnulls(price, bid, ask, market_cap, volume_24h, change_24h) > 0)
);

-- From a source's first quote of an instrument to its last, to the last that says a price, and to when it was last seen
-- saying anything, be it the same again.
CREATE TABLE quote_span (
    instrument_id integer     NOT NULL REFERENCES instrument ON DELETE CASCADE,
    source        text COLLATE "C" NOT NULL,
    first_ts      timestamptz NOT NULL,
    last_ts       timestamptz NOT NULL,
    last_priced   timestamptz,
    last_seen     timestamptz NOT NULL,
    PRIMARY KEY (instrument_id, source)
);
"""

DAYS = """
-- Sessions as published, raw. `open_time`: midnight UTC of the session's date. In `candle_span` their origin is 3.
CREATE TABLE candle_day (
    instrument_id integer     NOT NULL REFERENCES instrument ON DELETE CASCADE,
    open_time     timestamptz NOT NULL,
    source        text        NOT NULL,
    open          numeric     NOT NULL,
    high          numeric     NOT NULL,
    low           numeric     NOT NULL,
    close         numeric     NOT NULL,
    volume        numeric,
    revision      bigint      NOT NULL DEFAULT 0,
    version       bigint      NOT NULL,
    PRIMARY KEY (instrument_id, open_time)
);

-- What raw prices up to and including `day` are multiplied by: price_factor for dividends, split_factor for splits.
CREATE TABLE factor (
    instrument_id   integer NOT NULL REFERENCES instrument ON DELETE CASCADE,
    day             date    NOT NULL,
    source          text    NOT NULL,
    price_factor    numeric NOT NULL CHECK (price_factor > 0),
    split_factor    numeric NOT NULL CHECK (split_factor > 0),
    reference_price numeric,
    PRIMARY KEY (instrument_id, day)
);
"""

WATCH = """
-- What is taken live beside what the settings name. A key, not an id: it may be watched before its venue lists it.
CREATE TABLE watch (
    key          text COLLATE "C" PRIMARY KEY,
    since        timestamptz NOT NULL DEFAULT now(),
    requested_by text
);
"""

TRUTH = """
CREATE TABLE gap (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument_id  integer     NOT NULL REFERENCES instrument ON DELETE CASCADE,
    source         text        NOT NULL,
    evidence       text        NOT NULL CHECK (evidence IN (
        'MISSING_SEQUENCES', 'MISSED_HEARTBEAT', 'DISCONNECTED', 'SILENCE', 'RECONCILIATION')),
    state          text        NOT NULL DEFAULT 'OPEN'
        CHECK (state IN ('OPEN', 'REPAIRING', 'REPAIRED', 'UNREPAIRABLE')),
    start_time     timestamptz NOT NULL,
    end_time       timestamptz NOT NULL CHECK (end_time > start_time),
    first_sequence bigint,
    last_sequence  bigint CHECK (last_sequence >= first_sequence),
    missing        bigint,
    reason         text,
    tries          integer     NOT NULL DEFAULT 0,
    retry_at       timestamptz,
    lease_name     text COLLATE "C",
    lease_token    bigint,
    version        bigint      NOT NULL DEFAULT 0,
    detected_at    timestamptz NOT NULL DEFAULT now(),
    closed_at      timestamptz
);
CREATE INDEX gap_span ON gap (instrument_id, start_time, end_time);
CREATE INDEX gap_unfilled ON gap (instrument_id, start_time, end_time) WHERE state <> 'REPAIRED';
CREATE INDEX gap_version ON gap (instrument_id, version);
CREATE INDEX gap_open ON gap (id) WHERE state IN ('OPEN', 'REPAIRING');

-- Spans in which everything that the source has is here: of trades (origin 0) or of its own candles (1). Of one origin
-- they never overlap and never touch. What a live feed covers is in live_position.
CREATE TABLE covered (
    instrument_id integer     NOT NULL REFERENCES instrument ON DELETE CASCADE,
    origin        smallint    NOT NULL DEFAULT 0,
    start_time    timestamptz NOT NULL,
    end_time      timestamptz NOT NULL CHECK (end_time > start_time),
    PRIMARY KEY (instrument_id, origin, start_time)
);

-- When venues trade, as far as it is known. asset_class '': whatever it is.
CREATE TABLE trading_calendar (
    name        text COLLATE "C" PRIMARY KEY,
    known_from  timestamptz NOT NULL,
    known_until timestamptz NOT NULL
);
CREATE TABLE trading_session (
    calendar   text COLLATE "C" NOT NULL REFERENCES trading_calendar ON DELETE CASCADE,
    open_time  timestamptz NOT NULL,
    close_time timestamptz NOT NULL CHECK (close_time > open_time),
    PRIMARY KEY (calendar, open_time)
);
CREATE TABLE venue_calendar (
    venue       text NOT NULL,
    asset_class text NOT NULL,
    calendar    text COLLATE "C" NOT NULL REFERENCES trading_calendar,
    PRIMARY KEY (venue, asset_class)
);

-- ts: of the trade at the position, where a source that is paged by time goes on (of a position from before this column,
-- the beginning of its minute). since: the first trade's. quiet_until: by then the source had nothing after the position.
ALTER TABLE live_position ADD COLUMN ts timestamptz, ADD COLUMN since timestamptz, ADD COLUMN quiet_until timestamptz;
UPDATE live_position AS kept SET ts = coalesce(
    (SELECT open_time FROM candle_m1
     WHERE instrument_id = kept.instrument_id AND origin = 0 AND first_sequence <= kept.sequence
     ORDER BY open_time DESC LIMIT 1),
    TIMESTAMPTZ '2009-01-01 00:00:00+00');
UPDATE live_position SET since = ts;
ALTER TABLE live_position ALTER COLUMN ts SET NOT NULL, ALTER COLUMN since SET NOT NULL;

-- job_id, step: of a letter of kind JOB, what failed. It is resolved when that step is done after all.
ALTER TABLE dead_letter ADD COLUMN resolved_at timestamptz, ADD COLUMN job_id bigint, ADD COLUMN step integer;
UPDATE dead_letter SET job_id = parts[1]::bigint, step = parts[2]::integer
FROM (SELECT id AS letter, regexp_match(reason, '^job ([0-9]+), step ([0-9]+):') AS parts FROM dead_letter WHERE kind = 'JOB') AS said
WHERE id = letter AND parts IS NOT NULL;
CREATE INDEX dead_letter_unresolved ON dead_letter (id) WHERE resolved_at IS NULL;
CREATE INDEX dead_letter_payload ON dead_letter (raw_id) WHERE resolved_at IS NULL;
CREATE INDEX dead_letter_step ON dead_letter (job_id, step) WHERE job_id IS NOT NULL AND resolved_at IS NULL;
ALTER TABLE dead_letter DROP CONSTRAINT dead_letter_kind_check;
ALTER TABLE dead_letter ADD CONSTRAINT dead_letter_kind_check
    CHECK (kind IN ('MALFORMED', 'INVALID', 'CLASH', 'JOB', 'PAYLOAD'));

ALTER TABLE commit_log DROP CONSTRAINT commit_log_kind_check;
ALTER TABLE commit_log ADD CONSTRAINT commit_log_kind_check CHECK (kind BETWEEN 0 AND 4);
"""

AUDIT = """
-- What of a payload was wanted: rows at other times are on it because the source pages otherwise, rows of other
-- instruments because all are asked at once. They were not stored.
ALTER TABLE raw_payload ADD COLUMN wanted_from timestamptz, ADD COLUMN wanted_to timestamptz,
                        ADD COLUMN wanted_of integer[];

-- Of a file that corrected an earlier one: what it took the place of. What was received before is replayed around it.
-- `mapping`: by what a table was read, so that it can be read so again.
ALTER TABLE archive_file ADD COLUMN replaced_from timestamptz, ADD COLUMN replaced_to timestamptz,
    ADD COLUMN mapping text;
CREATE INDEX archive_file_instrument ON archive_file (instrument_id);

-- The last payload of an endpoint: what says the same again is not kept again. Endpoints are long, their hashes are not.
CREATE INDEX raw_payload_last ON raw_payload (source, hashtextextended(endpoint, 0), id);
"""

HYPERTABLES = """
SELECT create_hypertable('quote', 'ts', chunk_time_interval => INTERVAL '30 days', create_default_indexes => false);
"""

BACK = """
DROP INDEX raw_payload_last;
DROP INDEX archive_file_instrument;
ALTER TABLE archive_file DROP COLUMN replaced_from, DROP COLUMN replaced_to, DROP COLUMN mapping;
ALTER TABLE raw_payload DROP COLUMN wanted_from, DROP COLUMN wanted_to, DROP COLUMN wanted_of;
DROP TABLE venue_calendar;
DROP TABLE trading_session;
DROP TABLE trading_calendar;
DROP TABLE covered;
DROP TABLE gap;
DROP TABLE watch;
DROP TABLE factor;
DROP TABLE candle_day;
DROP TABLE quote_span;
DROP TABLE quote;
DELETE FROM commit_log WHERE kind > 2;
ALTER TABLE commit_log DROP CONSTRAINT commit_log_kind_check;
ALTER TABLE commit_log ADD CONSTRAINT commit_log_kind_check CHECK (kind BETWEEN 0 AND 2);
DELETE FROM dead_letter WHERE kind = 'PAYLOAD';
ALTER TABLE dead_letter DROP CONSTRAINT dead_letter_kind_check;
ALTER TABLE dead_letter ADD CONSTRAINT dead_letter_kind_check CHECK (kind IN ('MALFORMED', 'INVALID', 'CLASH', 'JOB'));
ALTER TABLE dead_letter DROP COLUMN resolved_at, DROP COLUMN job_id, DROP COLUMN step;
ALTER TABLE live_position DROP COLUMN ts, DROP COLUMN since, DROP COLUMN quiet_until;
"""


def upgrade() -> None:
    for statements in (QUOTES, DAYS, WATCH, TRUTH, AUDIT):
        _run(statements)
    if Capability.HYPERTABLES in detect_sync(op.get_bind()).capabilities:
        _run(HYPERTABLES)


def downgrade() -> None:
    _run(BACK)


def _run(statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)

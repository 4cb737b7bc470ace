"""Indicators that workers keep ready: their values, how far each series got, what it goes on from.

Portable SQL; where TimescaleDB is there, the values become a hypertable.
"""

from alembic import op

from candlewick.storage.capabilities import Capability, detect_sync

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SERIES = """
-- Closed candles that open before `until` have their values, except those in [redo_from, redo_to). `state`: what the
-- recursion goes on from, after so many candles (JSON that may hold NaN, which jsonb cannot).
CREATE TABLE indicator_series (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument_id integer     NOT NULL REFERENCES instrument ON DELETE CASCADE,
    bar           text COLLATE "C" NOT NULL,
    indicator     text COLLATE "C" NOT NULL,
    version       bigint      NOT NULL,
    until         timestamptz NOT NULL,
    redo_from     timestamptz,
    redo_to       timestamptz,
    candles       bigint      NOT NULL DEFAULT 0,
    state         text        NOT NULL DEFAULT '{}',
    revision      bigint      NOT NULL DEFAULT 0,
    touched_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (instrument_id, bar, indicator),
    CHECK (redo_to > redo_from OR (redo_from IS NULL AND redo_to IS NULL))
);

-- States along the way: a revision goes on from the last one before it.
CREATE TABLE indicator_checkpoint (
    series_id integer     NOT NULL REFERENCES indicator_series ON DELETE CASCADE,
    open_time timestamptz NOT NULL,
    candles   bigint      NOT NULL,
    state     text        NOT NULL,
    PRIMARY KEY (series_id, open_time)
);

-- What was stored when: who follows a series finds out here where to look.
CREATE TABLE indicator_change (
    series_id  integer     NOT NULL REFERENCES indicator_series ON DELETE CASCADE,
    revision   bigint      NOT NULL,
    start_time timestamptz NOT NULL,
    end_time   timestamptz NOT NULL,
    stored_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (series_id, revision)
);
CREATE INDEX indicator_change_age ON indicator_change (stored_at);

-- A series is one indicator of one instrument's candles. revision: the series' that last changed the row; version: the
-- instrument's data that it was computed from.
CREATE TABLE indicator_value (
    series_id integer     NOT NULL,
    open_time timestamptz NOT NULL,
    outputs   double precision[] NOT NULL,
    stable    boolean     NOT NULL,
    revision  bigint      NOT NULL,
    version   bigint      NOT NULL,
    PRIMARY KEY (series_id, open_time)
);
"""

HYPERTABLE = """
SELECT create_hypertable(
    'indicator_value', 'open_time', chunk_time_interval => INTERVAL '30 days', create_default_indexes => false)
"""

TABLES = ("indicator_value", "indicator_change", "indicator_checkpoint", "indicator_series")


def upgrade() -> None:
    for statement in SERIES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    if Capability.HYPERTABLES in detect_sync(op.get_bind()).capabilities:
        op.execute(HYPERTABLE)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")

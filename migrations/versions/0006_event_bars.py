"""Event bars: series, their bars, and where building them stands.

Portable SQL; where TimescaleDB is there, bars become a hypertable.
"""

from alembic import op

from candlewick.storage.capabilities import Capability, detect_sync

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
-- spec: as `EventBarSpec` writes itself. turn: counts what was written; who writes says which one he read, so that of
-- two builders one gives way. most_bars: the most full bars that ever were; when they are made again, they are revised.
-- restarted_by: which job did, so that it does so once.
CREATE TABLE bar_series (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument_id integer     NOT NULL REFERENCES instrument ON DELETE CASCADE,
    spec          text COLLATE "C" NOT NULL,
    start_time    timestamptz,
    end_time      timestamptz CHECK (end_time > start_time),
    turn          bigint      NOT NULL DEFAULT 0,
    bars          bigint      NOT NULL DEFAULT 0,
    most_bars     bigint      NOT NULL DEFAULT 0,
    version       bigint      NOT NULL DEFAULT 0,
    reached       timestamptz,
    ready         boolean     NOT NULL DEFAULT false,
    error         text,
    restarted_by  text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (instrument_id, spec)
);

-- number: from 0 in each series. The last bar may not be complete.
CREATE TABLE bar (
    series_id        integer     NOT NULL,
    number           bigint      NOT NULL,
    open_time        timestamptz NOT NULL,
    close_time       timestamptz NOT NULL,
    open             numeric     NOT NULL,
    high             numeric     NOT NULL,
    low              numeric     NOT NULL,
    close            numeric     NOT NULL,
    volume           numeric     NOT NULL,
    quote_volume     numeric     NOT NULL,
    taker_buy_volume numeric     NOT NULL,
    trade_count      bigint      NOT NULL,
    first_sequence   bigint      NOT NULL,
    last_sequence    bigint      NOT NULL,
    complete         boolean     NOT NULL,
    revised          boolean     NOT NULL,
    PRIMARY KEY (series_id, number, open_time)
);
CREATE INDEX bar_time ON bar (series_id, open_time, number);

-- Where building stood: after which trade, with which bars, by which of the instrument's versions. Written with the bars.
CREATE TABLE bar_checkpoint (
    series_id     integer     NOT NULL REFERENCES bar_series ON DELETE CASCADE,
    number        bigint      NOT NULL,
    version       bigint      NOT NULL,
    bars          bigint      NOT NULL,
    last_sequence bigint      NOT NULL,
    reached       timestamptz NOT NULL,
    state         text        NOT NULL,
    PRIMARY KEY (series_id, number)
);
"""

HYPERTABLES = """
SELECT create_hypertable('bar', 'open_time', chunk_time_interval => INTERVAL '90 days', create_default_indexes => false);
"""

BACK = """
DELETE FROM job WHERE kind = 'BUILD_BARS';
DROP TABLE bar_checkpoint;
DROP TABLE bar;
DROP TABLE bar_series;
"""


def upgrade() -> None:
    _run(TABLES)
    if Capability.HYPERTABLES in detect_sync(op.get_bind()).capabilities:
        _run(HYPERTABLES)


def downgrade() -> None:
    _run(BACK)


def _run(statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)

"""The candle tree: M5 … MO1, each folded from its parent.

Continuous aggregates where the database has them, refreshed by nobody but our refresher; else tables of the same shape.
"""

from alembic import op

from candlewick.domain.interval import PARENT
from candlewick.storage.capabilities import Capability, detect_sync

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Frozen here: a migration says what was, whatever the code says later.
BUCKET = {
    "m5": "5 minutes", "m15": "15 minutes", "m30": "30 minutes", "h1": "1 hour", "h4": "4 hours",
    "d1": "1 day", "w1": "7 days", "mo1": "1 month",
}  # fmt: skip
CHUNK = {"m5": 90, "m15": 180, "m30": 360, "h1": 720, "h4": 1440, "d1": 3600, "w1": 3600, "mo1": 3600}

AGGREGATE = """
CREATE MATERIALIZED VIEW candle_{name}
WITH (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.create_group_indexes = false) AS
SELECT instrument_id, origin, time_bucket(INTERVAL '{bucket}', open_time) AS open_time,
       first(open, open_time) AS open, max(high) AS high, min(low) AS low, last(close, open_time) AS close,
       sum(volume) AS volume,
       CASE WHEN count(quote_volume) = count(*) THEN sum(quote_volume) END AS quote_volume,
       CASE WHEN count(trade_count) = count(*) THEN sum(trade_count)::bigint END AS trade_count,
       CASE WHEN count(taker_buy_volume) = count(*) THEN sum(taker_buy_volume) END AS taker_buy_volume,
       CASE WHEN count(taker_buy_quote_volume) = count(*) THEN sum(taker_buy_quote_volume) END AS taker_buy_quote_volume,
       sum(revision)::bigint AS revision, max(version) AS version
FROM candle_{parent}
GROUP BY 1, 2, 3
WITH NO DATA
"""

# A refresh finds its rows by time. TimescaleDB's own index for that has nothing but the time: the planner, tempted by its
# order, would fetch the rows of all instruments for the newest candles of one. With the key behind the time it need not.
TIME_INDEX = """
DO $$
DECLARE ordered regclass;
BEGIN
    SELECT format('%I.%I', i.schemaname, i.indexname)::regclass INTO STRICT ordered
    FROM timescaledb_information.continuous_aggregates AS a
    JOIN pg_indexes AS i ON i.schemaname = a.materialization_hypertable_schema
        AND i.tablename = a.materialization_hypertable_name AND i.indexdef LIKE '%(open_time DESC)'
    WHERE a.view_name = 'candle_{name}';
    EXECUTE format('DROP INDEX %s', ordered);
    CREATE INDEX candle_{name}_time ON candle_{name} (open_time, instrument_id, origin);
END $$
"""

ROLLUP = """
CREATE TABLE candle_{name} (
    instrument_id          integer     NOT NULL,
    origin                 smallint    NOT NULL,
    open_time              timestamptz NOT NULL,
    open                   numeric     NOT NULL,
    high                   numeric     NOT NULL,
    low                    numeric     NOT NULL,
    close                  numeric     NOT NULL,
    volume                 numeric     NOT NULL,
    quote_volume           numeric,
    trade_count            bigint,
    taker_buy_volume       numeric,
    taker_buy_quote_volume numeric,
    revision               bigint      NOT NULL,
    version                bigint      NOT NULL,
    PRIMARY KEY (instrument_id, origin, open_time)
)
"""


def upgrade() -> None:
    capabilities = detect_sync(op.get_bind()).capabilities
    for interval, parent in PARENT.items():
        name = interval.lower()
        if Capability.CONTINUOUS_AGGREGATES in capabilities:
            op.execute(AGGREGATE.format(name=name, parent=parent.lower(), bucket=BUCKET[name]))
            op.execute(f"CREATE INDEX candle_{name}_key ON candle_{name} (instrument_id, origin, open_time)")
            op.execute(TIME_INDEX.format(name=name))
            continue
        op.execute(ROLLUP.format(name=name))
        if Capability.HYPERTABLES in capabilities:
            op.execute(
                f"SELECT create_hypertable('candle_{name}', 'open_time', "
                f"chunk_time_interval => INTERVAL '{CHUNK[name]} days', create_default_indexes => false)"
            )


def downgrade() -> None:
    for interval in reversed(PARENT):
        op.execute(
            f"DO $$ BEGIN IF (SELECT relkind FROM pg_class WHERE oid = 'candle_{interval.lower()}'::regclass) = 'v' "
            f"THEN DROP MATERIALIZED VIEW candle_{interval.lower()}; ELSE DROP TABLE candle_{interval.lower()}; END IF; END $$"
        )

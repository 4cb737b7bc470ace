"""The house: markets, trades, minute candles and what keeps them right.

Portable SQL; where TimescaleDB is there, trades and minute candles become hypertables.
"""

from alembic import op

from candlewick.storage.capabilities import Capability, detect_sync, prepare_extension_sync

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MARKETS = """
CREATE TABLE venue (
    id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code <> ''),
    name text NOT NULL
);
CREATE TABLE asset (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        text COLLATE "C" NOT NULL CHECK (code <> ''),
    asset_class text COLLATE "C" NOT NULL CHECK (asset_class IN ('CRYPTO', 'FIAT', 'EQUITY', 'COMMODITY', 'INDEX')),
    name        text,
    UNIQUE (code, asset_class)
);
CREATE TABLE instrument (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key             text COLLATE "C" NOT NULL UNIQUE,
    venue_id        integer NOT NULL REFERENCES venue,
    base_id         integer NOT NULL REFERENCES asset,
    quote_id        integer NOT NULL REFERENCES asset,
    symbol          text NOT NULL,
    asset_class     text NOT NULL,
    tape            text NOT NULL CHECK (tape IN ('TRADES', 'AGGREGATED')),
    status          text NOT NULL DEFAULT 'TRADING' CHECK (status IN ('TRADING', 'HALTED', 'DELISTED')),
    tick_size       numeric CHECK (tick_size > 0),
    lot_size        numeric CHECK (lot_size > 0),
    retention_floor timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX instrument_venue ON instrument (venue_id);
CREATE INDEX instrument_base ON instrument (base_id);
CREATE INDEX instrument_quote ON instrument (quote_id);

-- The venue's spellings of an instrument through time: LUNA became LUNC, AOL became TWX.
CREATE TABLE symbol_alias (
    instrument_id integer NOT NULL REFERENCES instrument ON DELETE CASCADE,
    symbol        text NOT NULL,
    valid_from    timestamptz NOT NULL DEFAULT '-infinity',
    valid_to      timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (instrument_id, symbol, valid_from),
    CHECK (valid_from < valid_to)
);
"""

TRADES = """
-- `minute` is `ts` cut to its minute: the key survives the same trade coming in ms from one feed and in µs from another.
CREATE TABLE trade (
    instrument_id integer     NOT NULL,
    minute        timestamptz NOT NULL,
    sequence      bigint      NOT NULL,
    ts            timestamptz NOT NULL,
    price         numeric     NOT NULL CHECK (price > 0 AND price < 'Infinity'),
    size          numeric     NOT NULL CHECK (size > 0 AND size < 'Infinity'),
    side          smallint    NOT NULL CHECK (side BETWEEN -1 AND 1),
    version       bigint      NOT NULL,
    received_at   timestamptz NOT NULL,
    PRIMARY KEY (instrument_id, minute, sequence)
);

-- origin: 0 trades, 1 venue, 2 quotes. The columns are final: a continuous aggregate over them cannot get another later.
CREATE TABLE candle_m1 (
    instrument_id          integer     NOT NULL,
    origin                 smallint    NOT NULL CHECK (origin BETWEEN 0 AND 2),
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
    first_sequence         bigint,
    last_sequence          bigint,
    revision               bigint      NOT NULL DEFAULT 0,
    version                bigint      NOT NULL,
    PRIMARY KEY (instrument_id, origin, open_time)
);
"""

LEDGERS = """
-- One row an instrument: locked by whoever writes its trades or candles, so that `version` follows the commits.
CREATE TABLE instrument_version (
    instrument_id integer PRIMARY KEY REFERENCES instrument ON DELETE CASCADE,
    version       bigint NOT NULL DEFAULT 0
);

-- From the first to the last minute candle there is: what bounds a read that names no range.
CREATE TABLE candle_span (
    instrument_id integer     NOT NULL REFERENCES instrument ON DELETE CASCADE,
    origin        smallint    NOT NULL,
    first_open    timestamptz NOT NULL,
    last_open     timestamptz NOT NULL,
    PRIMARY KEY (instrument_id, origin)
);

-- Minutes that changed and that the candle tree does not show yet; never wider than a UTC day.
CREATE TABLE dirty_range (
    instrument_id integer     NOT NULL REFERENCES instrument ON DELETE CASCADE,
    start_time    timestamptz NOT NULL,
    end_time      timestamptz NOT NULL CHECK (end_time > start_time),
    version       bigint      NOT NULL,
    marked_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instrument_id, start_time, end_time)
);

-- What was committed, in the order of commits an instrument; across instruments, rows with `xid` below the oldest running
-- transaction are final. kind: 0 trades, 1 published candles, 2 correction.
CREATE TABLE commit_log (
    id            bigint GENERATED ALWAYS AS IDENTITY,
    instrument_id integer     NOT NULL REFERENCES instrument ON DELETE CASCADE,
    version       bigint      NOT NULL,
    xid           xid8        NOT NULL DEFAULT pg_current_xact_id(),
    kind          smallint    NOT NULL CHECK (kind BETWEEN 0 AND 2),
    start_time    timestamptz NOT NULL,
    end_time      timestamptz NOT NULL,
    row_count     bigint      NOT NULL,
    raw_id        bigint,
    committed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (instrument_id, version)
);
CREATE UNIQUE INDEX commit_log_id ON commit_log (id);
"""

RAW = """
-- Bytes as received. A payload's body lies here, compressed; an archive file's lies in the archive store under its sha256.
CREATE TABLE raw_payload (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text        NOT NULL,
    endpoint    text        NOT NULL,
    sha256      bytea       NOT NULL CHECK (length(sha256) = 32),
    byte_count  bigint      NOT NULL,
    received_at timestamptz NOT NULL,
    encoding    text,
    body        bytea
);
CREATE INDEX raw_payload_received ON raw_payload (source, received_at);
CREATE INDEX raw_payload_sha256 ON raw_payload (sha256);

CREATE TABLE archive_file (
    raw_id        bigint PRIMARY KEY REFERENCES raw_payload ON DELETE CASCADE,
    source        text    NOT NULL,
    name          text    NOT NULL,
    sha256        bytea   NOT NULL,
    instrument_id integer REFERENCES instrument ON DELETE CASCADE,
    lines_stored  bigint  NOT NULL DEFAULT 0,
    complete      boolean NOT NULL DEFAULT false,
    completed_at  timestamptz,
    UNIQUE (source, name, sha256)
);

CREATE TABLE dead_letter (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest        bytea       NOT NULL UNIQUE,
    source        text        NOT NULL,
    subject       text        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('MALFORMED', 'INVALID', 'CLASH')),
    reason        text        NOT NULL,
    payload       text        NOT NULL,
    raw_id        bigint,
    attempts      integer     NOT NULL DEFAULT 1,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_key (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text        NOT NULL CHECK (name <> ''),
    role       text        NOT NULL CHECK (role IN ('READ', 'OPERATOR', 'ADMIN')),
    prefix     text        NOT NULL UNIQUE,
    digest     bytea       NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
"""

HYPERTABLES = """
SELECT create_hypertable('trade', 'minute', chunk_time_interval => INTERVAL '7 days', create_default_indexes => false);
SELECT create_hypertable('candle_m1', 'open_time', chunk_time_interval => INTERVAL '30 days', create_default_indexes => false);
CREATE INDEX candle_m1_time ON candle_m1 (open_time, instrument_id, origin);
"""

COLUMNSTORE = """
ALTER TABLE trade SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'instrument_id', timescaledb.compress_orderby = 'minute, sequence'
);
SELECT add_compression_policy('trade', INTERVAL '30 days');
"""

TABLES = (
    "api_key", "dead_letter", "archive_file", "raw_payload", "commit_log", "dirty_range", "candle_span",
    "instrument_version", "candle_m1", "trade", "symbol_alias", "instrument", "asset", "venue",
)  # fmt: skip


def upgrade() -> None:
    connection = op.get_bind()
    config = op.get_context().config
    prepare_extension_sync(connection, wanted=config is None or config.attributes.get("timescaledb", True))
    for statements in (MARKETS, TRADES, LEDGERS, RAW):
        _run(statements)
    found = detect_sync(connection)
    if Capability.HYPERTABLES in found.capabilities:
        _run(HYPERTABLES)
    if Capability.COLUMNSTORE in found.capabilities:
        _run(COLUMNSTORE)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")


def _run(statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)

"""Backtests: results with the revision of the data that they ran on, their curves and their trades.

Ordinary tables on every edition.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BACKTESTS = """
-- `step`: which of the job's; a step that is done twice has one result. `request`, `summary`, `curve`: JSON as it was
-- written, since jsonb would write floats anew.
CREATE TABLE backtest (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id        bigint REFERENCES job ON DELETE SET NULL,
    step          integer,
    instrument_id integer     NOT NULL REFERENCES instrument ON DELETE CASCADE,
    strategy      text COLLATE "C" NOT NULL,
    revision      bigint      NOT NULL,
    engine        integer     NOT NULL,
    request       json        NOT NULL,
    summary       json        NOT NULL,
    curve         json        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (job_id, step)
);
CREATE INDEX backtest_instrument ON backtest (instrument_id, id);

-- A position: bought or sold short at its entry, closed at its exit; `exit_*` and `reason` are null while it is open.
CREATE TABLE backtest_trade (
    backtest_id  bigint  NOT NULL REFERENCES backtest ON DELETE CASCADE,
    number       integer NOT NULL,
    quantity     numeric NOT NULL,
    entry_candle integer NOT NULL,
    entry_time   timestamptz NOT NULL,
    entry_price  numeric NOT NULL,
    entry_fee    numeric NOT NULL,
    exit_candle  integer,
    exit_time    timestamptz,
    exit_price   numeric,
    exit_fee     numeric,
    reason       text CHECK (reason IN ('SIGNAL', 'END', 'RUIN')),
    profit       numeric NOT NULL,
    gain         double precision NOT NULL,
    candles      integer NOT NULL,
    PRIMARY KEY (backtest_id, number)
);
"""


def upgrade() -> None:
    for statement in BACKTESTS.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE backtest_trade")
    op.execute("DROP TABLE backtest")
    op.execute("DELETE FROM job WHERE kind = 'BACKTEST'")

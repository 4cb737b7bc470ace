"""The work: jobs and their steps, leases, how far live feeds and the relay got.

Ordinary tables on every edition. What was committed before is taken as published: nobody listened then.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LEASES = """
CREATE SEQUENCE lease_token;

-- The index on (name, token) makes a change of the token one of the row's key: a take-over waits for the transactions
-- that hold the lease FOR KEY SHARE, a renewal does not.
CREATE TABLE lease (
    name       text COLLATE "C" PRIMARY KEY,
    token      bigint      NOT NULL DEFAULT nextval('lease_token'),
    holder     text        NOT NULL,
    expires_at timestamptz NOT NULL,
    UNIQUE (name, token)
);
"""

JOBS = """
CREATE TABLE job (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind            text        NOT NULL,
    status          text        NOT NULL DEFAULT 'QUEUED'
        CHECK (status IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    arguments       jsonb       NOT NULL,
    idempotency_key text COLLATE "C" UNIQUE,
    exclusive       text COLLATE "C",
    requested_by    text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    started_at      timestamptz,
    served_at       timestamptz,
    finished_at     timestamptz
);
CREATE UNIQUE INDEX job_exclusive ON job (exclusive) WHERE status IN ('QUEUED', 'RUNNING');
CREATE INDEX job_unfinished ON job (id) WHERE status IN ('QUEUED', 'RUNNING');

-- attempt: the one that is running or comes next. failures: put off because it failed. lost: ended with its worker.
CREATE TABLE job_step (
    job_id    bigint           NOT NULL REFERENCES job ON DELETE CASCADE,
    number    integer          NOT NULL,
    subject   text             NOT NULL,
    arguments jsonb            NOT NULL,
    queue     text             NOT NULL CHECK (queue IN ('io', 'cpu')),
    status    text             NOT NULL DEFAULT 'PENDING'
        CHECK (status IN ('PENDING', 'RUNNING', 'DONE', 'FAILED', 'CANCELLED')),
    attempt   integer          NOT NULL DEFAULT 1,
    failures  integer          NOT NULL DEFAULT 0,
    lost      integer          NOT NULL DEFAULT 0,
    due_at    timestamptz      NOT NULL DEFAULT now(),
    part      double precision NOT NULL DEFAULT 0,
    stored    bigint           NOT NULL DEFAULT 0,
    repeated  bigint           NOT NULL DEFAULT 0,
    dead      bigint           NOT NULL DEFAULT 0,
    error     text,
    PRIMARY KEY (job_id, number)
);
CREATE INDEX job_step_pending ON job_step (job_id, queue, due_at, number) WHERE status = 'PENDING';
CREATE INDEX job_step_running ON job_step (job_id, number) WHERE status = 'RUNNING';
CREATE INDEX job_step_error ON job_step (job_id, number) WHERE error IS NOT NULL;
"""

POSITIONS = """
-- The sequence up to which an instrument's live feed has delivered everything.
CREATE TABLE live_position (
    instrument_id integer PRIMARY KEY REFERENCES instrument ON DELETE CASCADE,
    sequence      bigint NOT NULL
);

-- The last version of each instrument that was published.
CREATE TABLE relay_position (
    instrument_id integer PRIMARY KEY REFERENCES instrument ON DELETE CASCADE,
    version       bigint NOT NULL
);

-- Every row of commit_log up to `id` was published, or its transaction was rolled back.
CREATE TABLE relay_mark (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id       bigint NOT NULL
);

-- Wait for those who are writing: an id below the highest one may still be on its way.
LOCK TABLE commit_log IN SHARE MODE;
INSERT INTO relay_position (instrument_id, version)
SELECT instrument_id, version FROM instrument_version WHERE version > 0;
INSERT INTO relay_mark (id) SELECT coalesce(max(id), 0) FROM commit_log;
"""

LETTER_KINDS = "ALTER TABLE dead_letter ADD CONSTRAINT dead_letter_kind_check CHECK (kind IN ({kinds}))"
TABLES = ("relay_mark", "relay_position", "live_position", "job_step", "job", "lease")


def upgrade() -> None:
    for statements in (LEASES, JOBS, POSITIONS):
        _run(statements)
    op.execute("ALTER TABLE dead_letter DROP CONSTRAINT dead_letter_kind_check")
    op.execute(LETTER_KINDS.format(kinds="'MALFORMED', 'INVALID', 'CLASH', 'JOB'"))


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE lease_token")
    op.execute("DELETE FROM dead_letter WHERE kind = 'JOB'")
    op.execute("ALTER TABLE dead_letter DROP CONSTRAINT dead_letter_kind_check")
    op.execute(LETTER_KINDS.format(kinds="'MALFORMED', 'INVALID', 'CLASH'"))


def _run(statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)

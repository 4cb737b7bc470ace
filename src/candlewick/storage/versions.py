"""The per-instrument lock, its version, and the commit log: what makes the order of commits readable afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from candlewick.domain.commit import CommitKind
from candlewick.domain.errors import InstrumentBusy
from candlewick.domain.market import InstrumentId, Tape
from candlewick.domain.raw import RawId
from candlewick.storage.engine import Driver

PATIENCE: Final = 60.0
"""Seconds to wait for an instrument's lock."""
KIND_CODES: Final = {kind: code for code, kind in enumerate(CommitKind)}
KINDS: Final = {code: kind for kind, code in KIND_CODES.items()}


@dataclass(frozen=True, slots=True)
class Turn:
    """What holds for the transaction that has the instrument's lock: nobody can change it meanwhile."""

    version: int
    """The version that this transaction writes."""
    tape: Tape
    retention_floor: datetime | None


async def lock(driver: Driver, instrument_id: InstrumentId) -> Turn:
    """Wait for the instrument's turn. What is read of it is read after the wait, by a statement of its own.

    Raises:
        InstrumentBusy: the turn did not come in time.
    """
    try:
        current = await driver.fetchval(
            "SELECT version FROM instrument_version WHERE instrument_id = $1 FOR NO KEY UPDATE",
            instrument_id,
            timeout=PATIENCE,
        )
    except TimeoutError as exc:
        raise InstrumentBusy(instrument_id, PATIENCE) from exc
    kept = await driver.fetchrow("SELECT tape, retention_floor FROM instrument WHERE id = $1", instrument_id)
    assert kept is not None  # a version refers to its instrument
    return Turn(int(current) + 1, Tape(kept["tape"]), kept["retention_floor"])


async def commit(
    driver: Driver,
    instrument_id: InstrumentId,
    version: int,
    kind: CommitKind,
    first_open: datetime,
    last_open: datetime,
    *,
    rows: int,
    raw_id: RawId | None,
) -> None:
    """Take the version and log what it changed: minutes from `first_open` to `last_open`, that one included."""
    await driver.execute(
        """
        WITH taken AS (UPDATE instrument_version SET version = $2 WHERE instrument_id = $1)
        INSERT INTO commit_log (instrument_id, version, kind, start_time, end_time, row_count, raw_id)
        VALUES ($1, $2, $3, $4, $5::timestamptz + INTERVAL '1 minute', $6, $7)
        """,
        instrument_id,
        version,
        KIND_CODES[kind],
        first_open,
        last_open,
        rows,
        raw_id,
    )

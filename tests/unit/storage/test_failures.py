"""PostgreSQL's error codes as errors that callers can act on."""

from __future__ import annotations

import asyncpg
import pytest

from candlewick.domain.errors import (
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnavailable,
    ServiceError,
    TransactionConflict,
)
from candlewick.storage.failures import failure_of


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (asyncpg.DiskFullError("could not extend file: No space left on device"), DatabaseFull),
        (asyncpg.OutOfMemoryError("out of memory"), DatabaseFull),
        (asyncpg.TooManyConnectionsError("too many clients already"), DatabaseFull),
        (asyncpg.PostgresIOError("could not write to file: No space left on device"), DatabaseFull),
        (asyncpg.AdminShutdownError("terminating connection"), DatabaseUnavailable),
        (asyncpg.CrashShutdownError("another server process crashed"), DatabaseUnavailable),
        (asyncpg.CannotConnectNowError("the database system is starting up"), DatabaseUnavailable),
        (asyncpg.ConnectionDoesNotExistError("connection was closed"), DatabaseUnavailable),
        (asyncpg.IdleInTransactionSessionTimeoutError("terminating connection"), DatabaseUnavailable),
        (asyncpg.SerializationError("could not serialize access"), TransactionConflict),
        (asyncpg.DeadlockDetectedError("deadlock detected"), TransactionConflict),
    ],
)
def test_what_may_pass_is_worth_a_retry(error: asyncpg.PostgresError, expected: type[ServiceError]) -> None:
    found = failure_of(error, "db:5432/candlewick")
    assert type(found) is expected
    assert found.retryable
    assert str(error) in str(found)


def test_a_database_that_refuses_writes_is_worth_a_retry() -> None:
    found = failure_of(asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT"), "db:5432/candlewick")
    assert isinstance(found, DatabaseReadOnly)
    assert found.retryable


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.QueryCanceledError("canceling statement due to user request"),
        asyncpg.UniqueViolationError("duplicate key"),
        asyncpg.PostgresIOError("could not read block 7: Input/output error"),
        asyncpg.InterfaceError("cannot perform operation"),
        TimeoutError(),
    ],
)
def test_what_is_our_own_doing_stays_what_it_is(error: BaseException) -> None:
    assert failure_of(error, "db:5432/candlewick") is None

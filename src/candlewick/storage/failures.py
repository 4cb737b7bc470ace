"""What PostgreSQL's error codes mean for us: no room, no writes, not there for now, two transactions that collide.

Source: PostgreSQL documentation, Appendix A, "PostgreSQL Error Codes".
"""

from __future__ import annotations

from typing import Final

import asyncpg

from candlewick.domain.errors import (
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnavailable,
    ServiceError,
    TransactionConflict,
)

_NO_ROOM: Final = "53"
"""Insufficient resources: disk, memory, connections."""
_GONE: Final = ("08", "57")
"""Connection exceptions; operator intervention: shutdown, crash, start."""
_IDLE_IN_TRANSACTION: Final = "25P03"
_CANCELLED: Final = "57014"
"""A statement that we, or the administrator, cancelled: the connection is as good as before."""
_CONFLICTS: Final = ("40001", "40P01")
"""Serialization failure, deadlock."""
_READ_ONLY: Final = "25006"
_FULL_DISK: Final = "no space left on device"
"""A full disk is also told as an I/O error (58030), in the operating system's words."""


def failure_of(exc: BaseException, where: str) -> ServiceError | None:
    """The error that callers can act on; None if `exc` is none of PostgreSQL's, or says that we made a mistake."""
    code = getattr(exc, "sqlstate", None)
    if not isinstance(exc, asyncpg.PostgresError) or code is None:
        return None
    reason = str(exc) or type(exc).__name__
    if code.startswith(_NO_ROOM) or _FULL_DISK in reason.lower():
        return DatabaseFull(reason)
    if code == _READ_ONLY:
        return DatabaseReadOnly()
    if code in _CONFLICTS:
        return TransactionConflict(reason)
    if code != _CANCELLED and (code.startswith(_GONE) or code == _IDLE_IN_TRANSACTION):
        return DatabaseUnavailable(where, reason)
    return None

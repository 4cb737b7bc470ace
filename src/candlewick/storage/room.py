"""Whether there is room: the database can write a file, the archive store can take one."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from candlewick.domain.errors import ArchiveStoreUnavailable, DatabaseReadOnly
from candlewick.storage.engine import Database

_SPILL: Final = """
SELECT bool_or(current_setting('transaction_read_only') = 'on') FROM unnest(array_fill(repeat('x', 8000), ARRAY[256]))
"""
"""2 MB that do not fit into `work_mem` go into a temporary file beside the tables: no WAL, nothing left, some 6 ms."""

ARCHIVE_ROOM: Final = 64 * 1024 * 1024
"""Bytes: the archive file of a busy day."""


async def require_database_room(database: Database) -> None:
    """See whether the database answers and can write where its tables are.

    A full disk answers reads all the same, and takes some writes as long as they fit into files that are there.

    Raises:
        DatabaseUnavailable, DatabaseFull: it does not, or it cannot.
        DatabaseReadOnly: a standby, or a provider that lets nobody write to a disk that is nearly full.
    """
    async with database.transaction() as driver:
        await driver.execute("SET LOCAL work_mem = '64kB'; SET LOCAL temp_tablespaces = ''")
        if await driver.fetchval(_SPILL):
            raise DatabaseReadOnly


async def require_archive_room(folder: Path) -> None:
    """See whether the archive store can take a file. It is none of a process's business where the folder is not there.

    Raises:
        ArchiveStoreUnavailable: it cannot.
    """
    reason = await asyncio.to_thread(_against, folder)
    if reason is not None:
        raise ArchiveStoreUnavailable(folder, reason)


def _against(folder: Path) -> str | None:
    """What keeps a file out; None if nothing does."""
    try:
        found = os.statvfs(folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.strerror or str(error)
    if not os.access(folder, os.W_OK | os.X_OK):
        return "it cannot be written"
    free = found.f_bavail * found.f_frsize
    if free < ARCHIVE_ROOM:
        return f"only {free // 1024**2} MiB are free, an archive file may take {ARCHIVE_ROOM // 1024**2}"
    return None

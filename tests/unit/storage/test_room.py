"""Whether the archive store can take a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from candlewick.domain.errors import ArchiveStoreUnavailable
from candlewick.storage import room
from candlewick.storage.room import require_archive_room


async def test_a_folder_with_room_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ARCHIVE_ROOM", 0)

    await require_archive_room(tmp_path)


async def test_a_folder_that_is_not_there_is_nobodys_business(tmp_path: Path) -> None:
    await require_archive_room(tmp_path / "archive")


async def test_a_disk_that_is_nearly_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ARCHIVE_ROOM", 1 << 62)

    with pytest.raises(ArchiveStoreUnavailable, match="MiB are free"):
        await require_archive_room(tmp_path)


async def test_a_place_where_nothing_can_be_put_is_told(tmp_path: Path) -> None:
    taken = tmp_path / "archive"
    taken.write_text("no folder")

    with pytest.raises(ArchiveStoreUnavailable, match="it cannot be written"):
        await require_archive_room(taken)

"""What lies in a service's folder, and who may read it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from candlewick.embedded.account import Account, make_folder
from candlewick.embedded.folder import LARGEST_LOG_BYTES, Note, ServiceFolder, ServiceName, Status
from candlewick.embedded.installation import Source
from candlewick.embedded.locks import FileLock, held_alone, is_held_alone
from candlewick.embedded.plan import Plan
from candlewick.embedded.postgres import LONGEST_SOCKET_PATH, socket_dir


def service_folder(path: Path) -> ServiceFolder:
    return ServiceFolder(path, ServiceName.POSTGRESQL)


def test_note_is_read_as_it_was_written(tmp_path: Path) -> None:
    note = Note(Status.READY, programs="/bin", source=Source.WHEEL, url="postgresql://")

    service_folder(tmp_path).write_note(note)

    assert service_folder(tmp_path).read_note() == note


def test_note_holds_a_password_and_is_private(tmp_path: Path) -> None:
    service_folder(tmp_path).write_note(Note(Status.STARTING, programs="/bin", source=Source.WHEEL))

    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600


def test_unreadable_note_counts_as_none(tmp_path: Path) -> None:
    for text in ("", "{}", '{"status": "odd"}', '{"status": "ready", "source": "wheel", "new": 1}', "[]"):
        (tmp_path / "state.json").write_text(text)

        assert service_folder(tmp_path).read_note() is None, text


def test_password_is_made_once_and_private(tmp_path: Path) -> None:
    password = service_folder(tmp_path).password()

    assert len(password) >= 32
    assert service_folder(tmp_path).password() == password
    assert (tmp_path / "password").stat().st_mode & 0o777 == 0o600


def test_large_log_is_put_aside(tmp_path: Path) -> None:
    folder = service_folder(tmp_path)
    with folder.server_log.open("wb") as file:
        file.truncate(LARGEST_LOG_BYTES + 1)

    folder.rotate_logs()

    assert [path.name for path in tmp_path.iterdir()] == ["server.log.1"]


def test_plan_survives_the_way_to_the_keeper() -> None:
    plan = Plan(ServiceName.POSTGRESQL, "/data", "/bin", 5.0, Source.NAMED, {"work_mem": "7MB"})

    assert Plan.from_json(plan.to_json()) == plan


def test_lock_held_alone_is_seen_and_waited_for(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as lock:
        assert lock.try_alone()
        assert is_held_alone(tmp_path / "lock")
        with held_alone(tmp_path / "lock", deadline=time.monotonic() + 0.1) as is_ours:
            assert not is_ours

    assert not is_held_alone(tmp_path / "lock")


def test_shared_lock_is_shared_and_keeps_others_from_having_it_alone(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as one, FileLock(tmp_path / "lock") as other:
        assert one.try_shared()
        assert other.try_shared()
        assert not other.try_alone()


def test_closed_folder_on_the_way_is_found(tmp_path: Path) -> None:
    open_folder, closed = tmp_path / "open", tmp_path / "open" / "closed"
    (closed / "below").mkdir(parents=True)
    for folder, mode in ((tmp_path, 0o755), (open_folder, 0o711), (closed, 0o700)):
        folder.chmod(mode)
    stranger = Account("stranger", uid=os.getuid() + 12345, gid=os.getgid() + 12345)
    owner = Account("owner", uid=os.getuid(), gid=os.getgid())

    first = stranger.first_closed(closed / "below")

    # The folder of all temporary folders may be closed as well; then that comes first.
    assert first is not None
    assert first == closed or first in tmp_path.parents
    assert owner.first_closed(closed / "below") != closed


def test_folders_are_ours_alone_or_open_to_pass_through(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b", None)
    make_folder(tmp_path / "c" / "d", Account("stranger", 12345, 12345))

    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "a/b", "c", "c/d")] == [
        0o700,
        0o700,
        0o711,
        0o711,
    ]


def test_socket_lies_in_the_folder_unless_its_path_would_be_too_long(tmp_path: Path) -> None:
    short, long = Path("/data/services/postgresql"), Path("/data") / ("long" * 30)

    assert socket_dir(short) == short / "socket"
    assert len(str(socket_dir(long) / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
    assert socket_dir(long) != socket_dir(long / "other")

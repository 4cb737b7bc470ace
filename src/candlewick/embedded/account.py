"""The account that PostgreSQL runs as. It refuses to run as root, so root lends it another one."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged account of this machine."""

    name: str
    uid: int
    gid: int

    def first_closed(self, folder: Path) -> Path | None:
        """The outermost part of the path that this account cannot enter, if there is one."""
        for part in (*reversed(folder.parents), folder):
            if not self._may_enter(part.stat()):
                return part
        return None

    def _may_enter(self, entry: os.stat_result) -> bool:
        if entry.st_uid == self.uid:
            return bool(entry.st_mode & stat.S_IXUSR)
        if entry.st_gid == self.gid:
            return bool(entry.st_mode & stat.S_IXGRP)
        return bool(entry.st_mode & stat.S_IXOTH)


def server_account() -> Account | None:
    """The account to run PostgreSQL as; None means our own."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    return Account("nobody", 65534, 65534)


def make_folder(folder: Path, account: Account | None) -> None:
    """Make the folder and its missing parents: ours alone, or open to pass through where another account has to."""
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    for part in reversed(missing):
        part.mkdir(exist_ok=True)
        part.chmod(0o700 if account is None else 0o711)


def give(folder: Path, account: Account | None) -> None:
    """Make the folder private to the account (ours, if None)."""
    folder.chmod(0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)

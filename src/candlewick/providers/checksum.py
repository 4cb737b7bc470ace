"""The CHECKSUM file that lies beside an archive: lines of "<sha256>  <name>", as sha256sum writes them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from candlewick.domain.errors import ChecksumMismatch, UnknownFormat

_LINE: Final = re.compile(r"\\?(?P<digest>[0-9a-fA-F]{64}) [ *](?P<name>.+)")
_LONGEST: Final = 64 * 1024


def verify(path: Path) -> None:
    """Compare the file with `<file>.CHECKSUM`, if that is there.

    Raises:
        ChecksumMismatch: the file is another one.
        UnknownFormat: the CHECKSUM file does not name it.
    """
    beside = path.with_name(path.name + ".CHECKSUM")
    if not (beside.is_file() and path.is_file()):
        return
    expected = _expected(beside, path.name)
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise ChecksumMismatch(path.name, expected, actual)


def _expected(beside: Path, name: str) -> str:
    """The digest for that name; a file of one line may have been renamed with its archive."""
    with beside.open(encoding="utf-8", errors="replace") as file:
        matches = [match for line in file.read(_LONGEST).splitlines() if (match := _LINE.fullmatch(line.strip()))]
    digests = {match["name"]: match["digest"].lower() for match in matches}
    if name in digests:
        return digests[name]
    if len(digests) == 1:
        return next(iter(digests.values()))
    raise UnknownFormat(beside.name, f"it has no line '<sha256>  {name}'; delete it to import without a check")

"""Files of lines, bare, alone in a zip or in a gzip: whole lines come out in bounded blocks, damage is noticed."""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import IO, Final, Protocol

from candlewick.domain.errors import DamagedFile, UnknownFormat

BLOCK: Final = 512 * 1024
"""Bytes of a block: its columns stay in the processor's cache, which doubles the rate of parsing."""
_LONGEST_LINE: Final = 1024 * 1024
_HIGHEST_RATIO: Final = 200
"""Of size to compressed size. Archives of trades reach about 8, a bomb of zeros about 1,000."""
_HARMLESS: Final = 64 * 1024 * 1024
_LARGEST: Final = 64 * 1024**3
"""Bytes of a file, unpacked: about a thousand million lines."""
_READABLE: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ZIP: Final = b"PK"
_GZIP: Final = b"\x1f\x8b"
_BROKEN: Final = (
    zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, struct.error, EOFError, ValueError, NotImplementedError,
)  # fmt: skip


class Stream(Protocol):
    """Bytes to be read from the start to the end."""

    def read(self, size: int, /) -> bytes: ...
    def readline(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines: their bytes and the number of the first one in its file, from 1."""

    first_line: int
    text: bytes

    @property
    def lines(self) -> int:
        return self.text.count(b"\n") + (not self.text.endswith(b"\n"))


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over a file finds: how many lines there are, and the first of them."""

    lines: int
    head: tuple[str, ...]


def is_packed(start: bytes) -> bool:
    """Whether a file that begins so has its lines in a zip or a gzip."""
    return start.startswith((_ZIP, _GZIP))


def survey(path: Path, name: str, head: int = 50) -> Survey:
    """Read all of the file once: a zip that is cut short or fails its CRC is noticed before any line is stored.

    It costs one decompression (a few seconds for 10 million rows); a zip's CRC stands at its end, so that
    there is no cheaper way to be sure.

    Raises:
        DamagedFile, UnknownFormat: the file cannot be read to its end as lines.
    """
    lines, first = 0, b""
    for block in blocks(path, name):
        first = first or block.text
        lines += block.lines
    return Survey(lines, tuple(line.decode("utf-8", "replace") for line in first.splitlines()[:head]))


def blocks(path: Path, name: str, *, skip: int = 0, size: int = BLOCK) -> Iterator[Block]:
    """The file's lines after the first `skip`, in blocks of about `size` bytes."""
    first_line = 1
    for text in _whole_lines(path, name, size):
        block = Block(first_line, text)
        first_line += block.lines
        if first_line > skip + 1:
            yield _without_lines(block, max(skip + 1 - block.first_line, 0))


@contextmanager
def opened(path: Path, name: str) -> Iterator[Stream]:
    """The bytes of the file, or of what is packed in it: the one member of a zip, a gzip.

    Raises:
        DamagedFile: it is cut short or contradicts itself, here or while it is read.
        UnknownFormat: it is no file, encrypted, a bomb, or holds something else than one member.
    """
    try:
        with path.open("rb") as file, unpacked(file, name) as stream:
            yield stream
    except OSError as exc:
        raise UnknownFormat(name, exc.strerror or str(exc)) from exc


@contextmanager
def unpacked(file: IO[bytes], name: str) -> Iterator[Stream]:
    """The bytes of an open file, or of what is packed in it. Errors as for `opened`."""
    try:
        magic = file.read(2)
        size = file.seek(0, SEEK_END)
        file.seek(0)
        if magic == _ZIP or name.lower().endswith(".zip"):
            with zipfile.ZipFile(file) as archive, archive.open(_only_member(archive, name)) as member:
                yield member
        elif magic == _GZIP:
            with gzip.GzipFile(fileobj=file) as stream:
                yield _Bounded(stream, size, name)
        else:
            yield file
    except _BROKEN as exc:
        raise DamagedFile(name, (str(exc) or type(exc).__name__).rstrip(".")) from exc


class _Bounded:
    """What a gzip holds, as far as it may grow: only reading it tells how long it is."""

    def __init__(self, stream: Stream, packed: int, name: str) -> None:
        self._stream = stream
        self._most = _bound(packed)
        self._packed = packed
        self._name = name
        self._unpacked = 0

    def read(self, size: int, /) -> bytes:
        """Raises UnknownFormat where a bomb would go off; so does `readline`."""
        return self._counted(self._stream.read(size))

    def readline(self, size: int, /) -> bytes:
        """A line, or the first `size` bytes of it."""
        return self._counted(self._stream.readline(size))

    def _counted(self, read: bytes) -> bytes:
        self._unpacked += len(read)
        if self._unpacked > self._most:
            raise _bomb(self._name, self._unpacked, self._packed)
        return read


def _only_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise UnknownFormat(name, f"it holds {len(members)} files instead of one")
    member = members[0]
    if member.flag_bits & 0x1:
        raise UnknownFormat(name, "it is encrypted")
    if member.compress_type not in _READABLE:
        raise UnknownFormat(name, f"its compression method {member.compress_type} is none that archives use")
    if member.file_size > _bound(member.compress_size):
        raise _bomb(name, member.file_size, member.compress_size)
    return member


def _bound(packed: int) -> int:
    """How many bytes so many may become."""
    return min(max(_HARMLESS, _HIGHEST_RATIO * packed), _LARGEST)


def _bomb(name: str, unpacked: int, packed: int) -> UnknownFormat:
    return UnknownFormat(name, f"it would grow {unpacked // max(packed, 1)} times, to {unpacked} bytes: a zip bomb")


def _whole_lines(path: Path, name: str, size: int) -> Iterator[bytes]:
    rest = b""
    with opened(path, name) as stream:
        while read := stream.read(size):
            end = read.rfind(b"\n") + 1
            if end:
                yield rest + read[:end]
                rest = read[end:]
            else:
                rest += read
            if len(rest) > _LONGEST_LINE:
                raise UnknownFormat(name, f"a line of it is longer than {_LONGEST_LINE} bytes")
    if rest:
        yield rest


def _without_lines(block: Block, count: int) -> Block:
    """The block from its line `count` on."""
    start = 0
    for _ in range(count):
        start = block.text.index(b"\n", start) + 1
    return Block(block.first_line + count, block.text[start:])

"""Whether blocks of a file are text in UTF-8, found out before anything of them is read."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

from candlewick.domain.errors import WrongEncoding
from candlewick.providers.container import Block

_MARKS: Final = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def check_start(start: bytes, name: str) -> None:
    """Refuse a file by its first bytes: of another encoding, or of no text at all.

    Raises:
        WrongEncoding: see there.
    """
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            raise WrongEncoding(name, 1, f"it begins like {encoding}")
    at = start.find(b"\0")
    if at < 0:
        return
    text = "every other byte is zero, as in UTF-16" if _is_wide(start) else "it has bytes that are zero"
    raise WrongEncoding(name, start.count(b"\n", 0, at) + 1, text)


def checked(blocks: Iterable[Block], name: str) -> Iterator[Block]:
    """The same blocks, as long as they are text. Raises WrongEncoding."""
    for block in blocks:
        if not block.text.isascii() or b"\0" in block.text:
            _check(block, name)
        yield block


def _check(block: Block, name: str) -> None:
    if block.first_line == 1:
        check_start(block.text, name)
    zero = block.text.find(b"\0")
    if zero >= 0:
        raise WrongEncoding(name, _line(block, zero), "it has bytes that are zero")
    try:
        block.text.decode("utf-8")
    except UnicodeDecodeError as exc:
        byte = block.text[exc.start]
        raise WrongEncoding(name, _line(block, exc.start), f"byte 0x{byte:02x} is none of it, as in Latin-1") from exc


def _line(block: Block, at: int) -> int:
    return block.first_line + block.text.count(b"\n", 0, at)


def _is_wide(start: bytes) -> bool:
    sample = start[:1000]
    return any(set(sample[odd::2]) == {0} != set(sample[1 - odd :: 2]) for odd in (0, 1) if len(sample) > 1)

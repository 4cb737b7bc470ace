"""Lines of files that are read one by one, as those that do not fit columns are. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import InvalidCandle, InvalidDayCandle, InvalidQuote, InvalidTrade
from candlewick.providers.exact import Unreadable

_LONGEST_TEXT: Final = 4096
"""Characters of a rejected line that its dead letter quotes."""
_REASONED: Final = (InvalidCandle, InvalidDayCandle, InvalidQuote, InvalidTrade)


def lines_of(chunk: bytes) -> list[bytes]:
    """Its whole lines; none of no bytes."""
    return chunk.removesuffix(b"\n").split(b"\n") if chunk else []


def one_by_one[Row](
    lines: Iterable[tuple[int, bytes]],
    read: Callable[[str], Row],
    is_header: Callable[[str], bool] = lambda _: False,
) -> tuple[list[tuple[int, Row]], list[Rejected]]:
    """The rows that can be read, with their line numbers, and those that cannot, with the reason."""
    found: list[tuple[int, Row]] = []
    rejected: list[Rejected] = []
    for number, text in _content(lines, is_header):
        try:
            found.append((number, read(text)))
        except Unreadable as exc:
            rejected.append(Rejected(number, text[:_LONGEST_TEXT], str(exc)))
        except _REASONED as exc:
            rejected.append(Rejected(number, text[:_LONGEST_TEXT], exc.reason))
    return found, rejected


def _content(lines: Iterable[tuple[int, bytes]], is_header: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    """The lines that say something: no blank ones, no header. As text that a database can hold (no NUL)."""
    for number, line in lines:
        text = line.removesuffix(b"\r").decode("utf-8", "backslashreplace").replace("\0", "\\x00")
        if number == 1:
            text = text.removeprefix("\ufeff")
        if text.strip() and not (number == 1 and is_header(text)):
            yield number, text

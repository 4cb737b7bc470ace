"""Delimited lines as exact integer columns, read eight digits at a time. No float.

Only rows of a plain shape are read here: the right number of fields, ASCII digits, at most 18 of them.
Every column says which rows it could read; the others go to the exact one-by-one way of the caller.

The eight-digit step is Daniel Lemire's "parse eight digits" (fast_float, `parse_eight_digits_unrolled`),
done on a column of 64-bit words at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import DecimalColumn

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MOST_DIGITS: Final = 18
"""What an int64 always holds."""
_WORD: Final = 8
LONGEST_WORD: Final = _WORD
"""Bytes of a text that is compared as one word."""
_PADDING: Final = b"\n" * 24
"""Before the chunk, so that the words of its first fields may begin early."""
_COMMA, _NEWLINE, _RETURN, _POINT = b",\n\r."
_POWERS: Final = 10 ** np.arange(MOST_DIGITS + 1, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a chunk: where each lies and, for those with the right number of fields, where their fields lie."""

    text: Bytes
    starts: Positions
    ends: Positions
    regular: Positions
    """Which lines have the right number of fields."""
    separators: Positions
    """A row for each field: where it ends in every regular line."""
    points: Positions
    """Every decimal point, and the end of the text."""

    @classmethod
    def split(cls, chunk: bytes, fields: int, *, delimiter: int = _COMMA, point: int = _POINT) -> Lines:
        """Cut whole lines of `fields` fields; the last one may lack its line end. CRLF counts as a line end.

        `delimiter` and `point` are the bytes that stand between fields and before a fraction.
        """
        closed = chunk if chunk.endswith(b"\n") or not chunk else chunk + b"\n"
        text = np.frombuffer(_PADDING + closed, dtype=np.uint8)
        marked = text == delimiter
        marked |= text == _NEWLINE
        marks = np.flatnonzero(marked)[len(_PADDING) - 1 :]
        newlines = np.flatnonzero(text[marks] == _NEWLINE)
        breaks = marks[newlines]
        regular = np.flatnonzero(np.diff(newlines) == fields)
        separators = marks[newlines[regular + 1] + np.arange(1 - fields, 1)[:, None]]
        separators[-1] -= text[separators[-1] - 1] == _RETURN
        points = np.append(np.flatnonzero(text == point), len(text))
        return cls(text, breaks[:-1] + 1, breaks[1:], regular, separators, points)

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, index: int) -> bytes:
        """One line, without its line end."""
        return self.text[self.starts[index] : self.ends[index]].tobytes().removesuffix(b"\r")

    def field(self, number: int) -> tuple[Positions, Positions]:
        """Where the field begins and ends in every regular line."""
        begins = self.separators[number - 1] + 1 if number else self.starts[self.regular]
        return begins, self.separators[number]

    def irregular(self, fits: Mask) -> Positions:
        """Every line that has another number of fields, or that is regular but does not fit."""
        odd = np.ones(len(self), dtype=np.bool_)
        odd[self.regular[fits]] = False
        return np.flatnonzero(odd)


def integers(lines: Lines, field: int) -> tuple[Positions, Mask]:
    """The field as whole numbers, and for which regular lines it is one."""
    begins, ends = lines.field(field)
    lengths = ends - begins
    values, digits_only = _numbers(lines.text, ends, lengths)
    return values, digits_only & (lengths > 0) & (lengths <= MOST_DIGITS)


def decimals(lines: Lines, field: int) -> tuple[DecimalColumn, Mask]:
    """The field as decimals over one scale, and for which regular lines it is one that fits 18 digits there."""
    begins, ends = lines.field(field)
    points = np.minimum(lines.points[np.searchsorted(lines.points, begins)], ends)  # the end, where there is none
    fractions = np.maximum(ends - points - 1, 0)
    whole_lengths = points - begins
    whole, whole_fits = _numbers(lines.text, points, whole_lengths)
    fraction, fraction_fits = _numbers(lines.text, ends, fractions)
    fits = whole_fits & fraction_fits & (whole_lengths > 0) & ((points == ends) | (fractions > 0))
    fits &= whole_lengths + fractions <= MOST_DIGITS
    scale = int(fractions[fits].max(initial=0))
    fits &= whole_lengths + scale <= MOST_DIGITS
    shift = _POWERS[np.clip(scale - fractions, 0, MOST_DIGITS)]
    return DecimalColumn(whole * _POWERS[scale] + fraction * shift, scale), fits


def flags(lines: Lines, field: int) -> tuple[Mask, Mask]:
    """The field as true or false in any case, and for which regular lines it is one."""
    begins, ends = lines.field(field)
    lengths = ends - begins
    folded = _words(lines.text, ends, np.clip(lengths, 0, _WORD)) | _repeat(0x20)
    yes = (folded == _right_aligned(b"true")) & (lengths == 4)
    no = (folded == _right_aligned(b"false")) & (lengths == 5)
    return yes, yes | no


def words(lines: Lines, field: int) -> tuple[Words, Mask]:
    """The field's text as one word (see `word`), and for which regular lines it has at most eight bytes."""
    begins, ends = lines.field(field)
    lengths = ends - begins
    return _words(lines.text, ends, np.clip(lengths, 0, _WORD)), lengths <= _WORD


def word(text: bytes) -> np.uint64:
    """At most eight bytes as `words` has them."""
    return np.uint64(int.from_bytes(text.rjust(_WORD, b"\0"), "little"))


def digits(lines: Lines, ends: Positions, length: int) -> tuple[Positions, Mask]:
    """The numbers in the `length` bytes before `ends`, and where all of those bytes are digits."""
    return _numbers(lines.text, ends, np.full(len(ends), length, dtype=np.int64))


def _numbers(text: Bytes, ends: Positions, lengths: Positions) -> tuple[Positions, Mask]:
    """The numbers written in the `lengths` bytes before `ends`, and where all of those bytes are digits.

    Longer than 18 digits: the number is meaningless, whatever the mask says.
    """
    values = np.zeros(len(ends), dtype=np.int64)
    digits_only = np.ones(len(ends), dtype=np.bool_)
    longest = min(int(lengths.max(initial=0)), MOST_DIGITS)
    for done in range(0, longest, _WORD):
        counts = np.clip(lengths - done, 0, _WORD)
        words = _words(text, ends - done, counts, ord("0"))
        digits_only &= ((words + _repeat(0x06)) | words) & _repeat(0xF0) == 0
        values += _fold(words).view(np.int64) * _POWERS[done]
    return values, digits_only


def _words(text: Bytes, ends: Positions, counts: Positions, mask: int = 0) -> Words:
    """The `counts` bytes (0 to 8) before `ends`, each XOR `mask`, right-aligned in a word that begins with zeros."""
    every: Words = np.ndarray(len(text) - _WORD + 1, dtype="<u8", buffer=text.data, strides=(1,))
    words: Words = every[ends - _WORD].astype(np.uint64, copy=False)
    words ^= _repeat(mask)
    excess = ((_WORD - counts) * 8).view(np.uint64)
    words >>= excess
    words <<= excess
    return words


def _fold(words: Words) -> Words:
    """Eight digits of one byte each, most significant first in memory, as one number."""
    pairs = (words * np.uint64(10) + (words >> np.uint64(8))) & np.uint64(0x00FF_00FF_00FF_00FF)
    fours = (pairs * np.uint64(100) + (pairs >> np.uint64(16))) & np.uint64(0x0000_FFFF_0000_FFFF)
    return (fours * np.uint64(10_000) + (fours >> np.uint64(32))) & np.uint64(0xFFFF_FFFF)


def _repeat(byte: int) -> np.uint64:
    return np.uint64(int.from_bytes(bytes([byte]) * _WORD, "little"))


def _right_aligned(word: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(word.rjust(_WORD, b" "), "little"))

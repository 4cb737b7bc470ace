"""Rows as text: how a row is to be written, and pages of rows that were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

ROW: Final = "\x1e"
"""Between rows in one text: no value has it."""


@dataclass(frozen=True, slots=True)
class RowTemplate:
    """How a row is written: the columns' values as the API's JSON has them, and between them given text.

    The text has no spaces and no control characters but `MARK`: what writes may tell it from values by that.
    """

    pieces: tuple[str, ...]
    """One before each column, and one at the end."""
    columns: tuple[str, ...]
    """As the rows' fields are named."""
    keyed: bool = False
    """Whether the rows' sort keys are wanted beside them."""


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """Rows in ascending order, and whether there are more in the direction that was read."""

    rows: Sequence[str]
    keys: Sequence[str] = ()
    """Each row's sort key, as its list's cursors carry it; empty if the template does not want them."""
    more: bool = False


MARK: Final = "\x1c"
"""Where a row's cursor belongs: only who makes cursors can write it."""

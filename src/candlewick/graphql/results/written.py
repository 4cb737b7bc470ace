"""Lists that are written already: spliced into the response as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson

from candlewick.domain.written import MARK, RowTemplate, WrittenPage


@dataclass(frozen=True, slots=True)
class WrittenColumn:
    """A column of leaf values, as a JSON array."""

    text: str

    def json(self) -> orjson.Fragment:
        """The list."""
        return orjson.Fragment(self.text)


@dataclass(frozen=True, slots=True)
class WrittenRows:
    """The rows of a connection, as the template of its one list has them: its nodes, or its edges."""

    page: WrittenPage
    template: RowTemplate
    cursor: Callable[[str], str]
    """Makes the cursor of a row's sort key."""

    def __len__(self) -> int:
        return len(self.page.rows)

    def cursor_at(self, index: int) -> str:
        """The cursor of the row."""
        return self.cursor(self.page.keys[index])

    def json(self) -> orjson.Fragment:
        """The list."""
        return orjson.Fragment(f"[{','.join(self._rows())}]")

    def _rows(self) -> Iterable[str]:
        if not any(MARK in piece for piece in self.template.pieces):
            return self.page.rows
        keyed = zip(self.page.rows, self.page.keys, strict=True)
        return (row.replace(MARK, self.cursor(key)) for row, key in keyed)

"""What an answer holds, by symbol, as it is read row by row: its quotes, and the rows that are none. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import InvalidQuote
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.providers.exact import Unreadable
from candlewick.providers.rejection import reject

NOBODY: Final = ""
"""What belongs to no symbol is listed under this."""


class QuoteRows:
    """Gathers the rows of one answer."""

    def __init__(self) -> None:
        self._quotes: dict[str, list[Quote]] = {}
        self._rejected: dict[str, list[Rejected]] = {}

    def read(self, symbol: str, number: int, row: Any, read: Callable[[], Quote]) -> None:
        """The quote in a row, or the reason for which it is none."""
        try:
            self._quotes.setdefault(symbol, []).append(read())
        except (Unreadable, InvalidQuote) as exc:
            self.reject(symbol, number, row, exc)

    def reject(self, symbol: str, number: int, row: Any, error: Exception) -> None:
        """The row is not stored, with that reason."""
        self._rejected.setdefault(symbol, []).append(reject(number, row, error))

    def of(self, symbol: str) -> QuoteLines:
        """The rows of that symbol, in their order."""
        return QuoteLines(self._quotes.get(symbol, []), self._rejected.get(symbol, []))

    def by_symbol(self) -> Mapping[str, QuoteLines]:
        return {symbol: self.of(symbol) for symbol in dict.fromkeys([*self._quotes, *self._rejected])}

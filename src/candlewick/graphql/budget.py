"""How many rows one operation may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from candlewick.graphql.faults import RowsExceeded


@dataclass(slots=True)
class RowBudget:
    """Counts what the lists of an operation ask for, before they are read."""

    limit: int
    asked: int = 0

    def charge(self, rows: int) -> None:
        """Add a list of at most `rows`.

        Raises:
            RowsExceeded: with it, the operation would ask for more than its bound.
        """
        self.asked += rows
        if self.asked > self.limit:
            raise RowsExceeded(self.asked, self.limit)

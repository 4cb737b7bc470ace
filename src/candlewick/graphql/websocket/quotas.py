"""What each key has open in this process: bounded, so that one cannot take the room of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from candlewick.domain.access import ApiKeyId


class OverQuota(Exception):
    """One more would be too many."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit}")
        self.limit = limit


@dataclass(slots=True)
class Quota:
    """So many of something for each key. Those without a key share none: what they may have is bounded elsewhere."""

    limit: int
    _taken: Counter[ApiKeyId] = field(default_factory=Counter)

    @contextmanager
    def taken(self, key: ApiKeyId | None) -> Iterator[None]:
        """Take one, for as long as the block lasts.

        Raises:
            OverQuota: the key has as many as it may have.
        """
        if key is None:
            yield
            return
        if self._taken[key] >= self.limit:
            raise OverQuota(self.limit)
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]

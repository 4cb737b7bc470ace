"""What was made of texts, the most recent of it remembered, bounded by the texts' size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable


class Recent[Made]:
    """A cache of so many bytes of text. What was asked for the longest ago goes first."""

    def __init__(self, most_bytes: int) -> None:
        self.hits = self.misses = self.bytes = 0
        self._most = most_bytes
        self._made: OrderedDict[str, Made] = OrderedDict()

    def __len__(self) -> int:
        return len(self._made)

    def get(self, text: str, make: Callable[[str], Made]) -> Made:
        """What `make` makes of the text, or made of it before."""
        if text in self._made:
            self.hits += 1
            self._made.move_to_end(text)
            return self._made[text]
        self.misses += 1
        made = make(text)
        self._made[text] = made
        self.bytes += _size(text)
        while self.bytes > self._most:
            self.bytes -= _size(self._made.popitem(last=False)[0])
        return made


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))

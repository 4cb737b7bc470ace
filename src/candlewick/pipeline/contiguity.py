"""Which sequences of a feed came, and which are missing: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Consecutive sequences, `first` to `last`, both included."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


def spans_of(sequences: Iterable[int]) -> list[Span]:
    """The sequences, in any order and repeated, as spans with holes between them."""
    spans: list[Span] = []
    for sequence in sorted(sequences):
        if spans and sequence <= spans[-1].last + 1:
            spans[-1] = Span(spans[-1].first, max(sequence, spans[-1].last))
        else:
            spans.append(Span(sequence, sequence))
    return spans


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same sequences in the fewest spans, in order."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.first <= merged[-1].last + 1:
            merged[-1] = Span(merged[-1].first, max(span.last, merged[-1].last))
        else:
            merged.append(span)
    return merged


class Contiguity:
    """Up to which sequence everything came (`position`), and the holes after it.

    Without a position, the first sequences to come are where the feed begins: nothing before them is missing.
    """

    def __init__(self, position: int | None) -> None:
        self.position = position
        self._ahead: list[Span] = []

    def with_spans(self, spans: Iterable[Span]) -> int | None:
        """The position that these spans would bring about. Nothing is remembered."""
        return self._joined(spans)[0]

    def add(self, spans: Iterable[Span]) -> None:
        """These came, or their source has none of them."""
        self.position, self._ahead = self._joined(spans)

    def holes(self) -> list[Span]:
        """What is missing between what came."""
        if self.position is None:
            return []
        ends = [self.position, *(span.last for span in self._ahead)]
        return [Span(end + 1, span.first - 1) for end, span in zip(ends, self._ahead, strict=False)]

    def _joined(self, spans: Iterable[Span]) -> tuple[int | None, list[Span]]:
        ahead = joined([*self._ahead, *spans])
        if not ahead:
            return self.position, ahead
        position = ahead[0].first - 1 if self.position is None else self.position
        while ahead and ahead[0].first <= position + 1:
            position = max(position, ahead.pop(0).last)
        return position, ahead

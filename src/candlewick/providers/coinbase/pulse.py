"""Whether a stream's heart beats: each product's once a second. Pure."""

from __future__ import annotations

from collections.abc import Collection


class Pulse:
    """Knows when which product was heard last.

    Its clock is the time spent listening: while we are busy with what came, nothing can be missed. A product whose
    heart never beat is not waited for: it may be halted.
    """

    def __init__(self, products: Collection[str], longest: float) -> None:
        """`longest`: seconds of listening without a heartbeat after which the stream is not trusted any more."""
        self._products = frozenset(products)
        self._longest = longest
        self._listened = 0.0
        self._any = 0.0
        self._beats: dict[str, float] = {}

    def listened(self, seconds: float, heartbeat: str | None) -> None:
        """So long it took until a message came, and whose heartbeat that was."""
        self._listened += seconds
        if heartbeat in self._products and heartbeat is not None:
            self._beats[heartbeat] = self._any = self._listened

    def stopped(self) -> str | None:
        """Whose heart stopped, in words; None if all is well."""
        if self._listened - self._any > self._longest:
            return f"no heartbeat for {self._longest:g} s"
        silent = [product for product, beat in self._beats.items() if self._listened - beat > self._longest]
        return f"no heartbeat of {', '.join(sorted(silent)[:5])} for {self._longest:g} s" if silent else None

"""What recursions that remember everything depend on between two parts of a series."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]


class States:
    """Arrays of floats by the name of the recursion; each begins with zeros."""

    def __init__(self, kept: Mapping[str, list[float]] | None = None) -> None:
        """`kept` is what `dump` gave."""
        self._arrays = {name: np.array(values, dtype=np.float64) for name, values in (kept or {}).items()}

    def of(self, name: str, size: int) -> Floats:
        """The array of that name, which the recursion changes."""
        return self._arrays.setdefault(name, np.zeros(size))

    def before(self, name: str, values: Floats) -> Floats:
        """The values, each one place later: the first is the last of the part before, or NaN."""
        state = self.of(name, 2)
        shifted = np.concatenate([[state[1] if state[0] else np.nan], values[:-1]]) if len(values) else values
        if len(values):
            state[0], state[1] = 1.0, values[-1]
        return shifted

    def dump(self) -> dict[str, list[float]]:
        """All of it, exactly: floats survive JSON."""
        return {name: array.tolist() for name, array in self._arrays.items()}

"""Messages of one stream and one moment, written once for all sockets that get them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Parcel[Form: Hashable]:
    """Messages on their way. A form is one of the ways in which a venue writes the same message."""

    stream: str
    """`symbol@kind`, the symbol in lower case."""
    symbol: str
    numbers: npt.NDArray[np.int64]
    """Of the trades in the messages, in their order; none where the messages are no trades."""
    size: int
    """Messages."""
    write: Callable[[Form], list[str]]
    shares: Sequence[int] | None = None
    """How many trades each message has; None: one."""
    _written: dict[Form, list[str]] = field(default_factory=dict)

    def frames(self, form: Form) -> list[str]:
        """The messages in that form."""
        if form not in self._written:
            self._written[form] = self.write(form)
        return self._written[form]

    def carried(self, messages: int) -> npt.NDArray[np.int64]:
        """The numbers of the trades in the first so many messages."""
        trades = messages if self.shares is None else sum(self.shares[:messages])
        return self.numbers[:trades]


def parcel_of_no_trades[Form: Hashable](stream: str, symbol: str, write: Callable[[Form], str]) -> Parcel[Form]:
    """One message that is no trade."""
    return Parcel(stream, symbol, np.empty(0, dtype=np.int64), 1, lambda form: [write(form)])

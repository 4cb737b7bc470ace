"""Faults on request: which there are, when each strikes, and what was struck. By chance means by the seed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from candlewick.domain.errors import InvalidInput

MOST_RULES: Final = 1_000


class Fault(StrEnum):
    """What can go wrong. `path` of an order is matched against what is named here."""

    RATE_LIMITED = "rate_limited"
    """A request, or the opening of a socket, is answered with 429 and Retry-After."""
    BANNED = "banned"
    """The same with 418, or what the venue says to an address that it does not want."""
    SERVER_ERROR = "server_error"
    """The same with a status of 5xx."""
    TIMEOUT = "timeout"
    """A request, or the opening of a socket, is answered so many seconds late."""
    CUT = "cut"
    """A connection breaks in the middle: of an answer's body, or of a socket's frames, without a goodbye."""
    HTML = "html"
    """A request is answered with status 200 and a web page."""
    MALFORMED = "malformed"
    """A request is answered with broken JSON; a socket gets a broken frame beside the good ones."""
    DUPLICATE = "duplicate"
    """Trades come twice over the stream."""
    SHUFFLED = "shuffled"
    """Trades come over the stream up to so many seconds late, each by another time."""
    LATE = "late"
    """Trades come over the stream so many seconds late."""
    MISSING = "missing"
    """Trades do not come over the stream; REST and archives have them."""
    GONE = "gone"
    """Trades are nowhere: neither streamed, nor in REST, nor in archives."""
    SKEWED_CLOCK = "skewed_clock"
    """The exchange's clock is so many seconds fast (or slow, below zero): server time and event times."""
    CORRUPT_ARCHIVE = "corrupt_archive"
    """A CHECKSUM file has another digest than its archive. Only where there are archives."""
    SILENT = "silent"
    """A socket stays open and delivers nothing for so many seconds, or ever; what was due is left out."""
    DISCONNECT = "disconnect"
    """All sockets that are open now are closed, with a goodbye."""
    SERVER_SHUTDOWN = "server_shutdown"
    """All sockets that are open now are told so, where the venue does that, and are closed so many seconds later."""


OF_REQUESTS: Final = frozenset(
    {Fault.RATE_LIMITED, Fault.BANNED, Fault.SERVER_ERROR, Fault.TIMEOUT, Fault.CUT, Fault.HTML, Fault.MALFORMED}
)
OF_HANDSHAKES: Final = frozenset({Fault.RATE_LIMITED, Fault.BANNED, Fault.SERVER_ERROR, Fault.TIMEOUT})
OF_SOCKETS: Final = frozenset({Fault.CUT, Fault.MALFORMED, Fault.SILENT})
OF_TRADES: Final = frozenset({Fault.DUPLICATE, Fault.SHUFFLED, Fault.LATE, Fault.MISSING, Fault.GONE})
AT_ONCE: Final = frozenset({Fault.DISCONNECT, Fault.SERVER_SHUTDOWN})
_SECONDS: Final = {
    Fault.RATE_LIMITED: 1.0,
    Fault.BANNED: 120.0,
    Fault.TIMEOUT: 30.0,
    Fault.SHUFFLED: 1.0,
    Fault.LATE: 5.0,
    Fault.SERVER_SHUTDOWN: 10.0,
}


class InvalidFault(InvalidInput):
    """A fault was asked for that cannot be."""


@dataclass(frozen=True, slots=True)
class Order:
    """A fault as it was asked for."""

    fault: Fault
    path: re.Pattern[str]
    count: int | None = 1
    """How many requests, sockets or consecutive trades of a symbol it is for; None: until it is cleared."""
    probability: float = 1.0
    """Of each of those that it strikes."""
    seconds: float | None = None
    first: int | None = None
    """The number of the first trade it is for; None: the next one."""
    status: int = 503
    """Of a server error."""

    @property
    def duration(self) -> float | None:
        """`seconds`, or what they are without being said."""
        return _SECONDS.get(self.fault) if self.seconds is None else self.seconds


@dataclass(slots=True)
class Rule:
    """An order, and what has become of it."""

    number: int
    order: Order
    spans: Mapping[str, tuple[int, int | None]]
    """For faults of trades: by symbol the first and the last number that it is for."""
    chance: np.random.Generator
    met: int = 0
    """Requests, handshakes or sockets that it was for."""
    struck: int = 0
    salt: int = field(default=0)

    @property
    def spent(self) -> bool:
        return self.order.count is not None and self.met >= self.order.count

    def strikes(self) -> bool:
        """Whether it strikes what it has just met."""
        self.met += 1
        hit = self.order.probability >= 1 or self.chance.random() < self.order.probability
        self.struck += hit
        return hit

    def chosen(self, symbol: str, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which trades it is for: always the same ones, whoever asks."""
        first, last = self.spans.get(symbol, (1, 0))
        within = (numbers >= first) & (numbers <= (2**62 if last is None else last))
        if self.order.probability < 1:
            within &= shares(numbers, self.salt) < self.order.probability
        return within


class Faults:
    """The rules in force, in the order in which they came."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rules: tuple[Rule, ...] = ()
        self._number = 0

    def add(self, order: Order, spans: Mapping[str, tuple[int, int | None]] | None = None) -> Rule:
        """Bring a rule into force.

        Raises:
            InvalidFault: there are too many.
        """
        if len(self._rules) >= MOST_RULES:
            raise InvalidFault(f"there are {MOST_RULES} faults already: clear them first (DELETE /simulator/faults)")
        self._number += 1
        chance = np.random.default_rng([self._seed, self._number])
        salt = self._seed * 1_000_003 + self._number
        rule = Rule(self._number, order, spans or {}, chance, salt=salt)
        self._rules = (*self._rules, rule)
        return rule

    def clear(self) -> None:
        self._rules = ()

    def rules(self) -> tuple[Rule, ...]:
        return self._rules

    def strike(self, kinds: Collection[Fault], target: str) -> Rule | None:
        """The first rule of these kinds that strikes the target: the path and query of a request or a socket."""
        for rule in self._rules:
            if rule.order.fault in kinds and not rule.spent and rule.order.path.search(target) and rule.strikes():
                return rule
        return None

    def of_trades(self, symbol: str) -> list[Rule]:
        """The rules that concern trades of the symbol."""
        return [rule for rule in self._rules if symbol in rule.spans]

    def gone(self, symbol: str, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which of the trades are nowhere."""
        mask = np.zeros(len(numbers), dtype=np.bool_)
        for rule in self.of_trades(symbol):
            if rule.order.fault is Fault.GONE:
                mask |= rule.chosen(symbol, numbers)
        return mask

    def skew(self) -> timedelta:
        """How fast the exchange's clock is."""
        skewed = (rule.order.seconds or 0.0 for rule in self._rules if rule.order.fault is Fault.SKEWED_CLOCK)
        return timedelta(seconds=sum(skewed))

    def gone_version(self, symbol: str) -> tuple[int, ...]:
        """Changes when other trades of the symbol are gone."""
        return tuple(rule.number for rule in self.of_trades(symbol) if rule.order.fault is Fault.GONE)


def shares(numbers: npt.NDArray[np.int64], salt: int) -> npt.NDArray[np.float64]:
    """For each number something between 0 and 1 that looks like chance (SplitMix64's last steps)."""
    offset = np.uint64(salt * 0xBF58476D1CE4E5B9 % 2**64)
    bits: npt.NDArray[Any] = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + offset
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    share: npt.NDArray[np.float64] = (bits >> np.uint64(11)).astype(np.float64) / 2**53
    return share

"""What goes over the streams of one symbol, step by step: its trades as they happen, less or more by faults."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from candlewick.domain.batch import TradeBatch
from candlewick.providers.simulation.exchange import Exchange, Symbol
from candlewick.providers.simulation.faults import Fault, Faults, Rule, shares

_MOST_AT_ONCE: Final = 50_000
"""Trades of one step; after a pause the rest follows in the next ones."""
_MOST_HELD: Final = 200_000
"""Trades that are held back; those beyond are not late."""


@dataclass(slots=True)
class LiveTrades:
    """The trades of a symbol after number `done`, each once, in order: if no fault is in force."""

    exchange: Exchange
    faults: Faults
    symbol: Symbol
    done: int
    _held: list[tuple[int, int, TradeBatch]] = field(default_factory=list)
    """Due time (µs), number and trade of those that are late: a heap."""

    def step(self) -> TradeBatch:
        """What is to be sent now, in that order."""
        last = min(self.exchange.last(self.symbol), self.done + _MOST_AT_ONCE)
        fresh = TradeBatch.concat([TradeBatch.of([]), *self.exchange.between(self.symbol, self.done + 1, last + 1)])
        self.done = max(last, self.done)
        rules = self.faults.of_trades(self.symbol.name)
        for rule in rules:
            fresh = self._apply(rule, fresh)
        return TradeBatch.concat([fresh, *self._due()]) if self._held else fresh

    def _apply(self, rule: Rule, batch: TradeBatch) -> TradeBatch:
        chosen = rule.chosen(self.symbol.name, batch.sequence)
        if not chosen.any():
            return batch
        rule.struck += int(chosen.sum())
        match rule.order.fault:
            case Fault.MISSING:
                return batch[~chosen]
            case Fault.DUPLICATE:
                return batch[np.repeat(np.arange(len(batch)), np.where(chosen, 2, 1))]
            case Fault.LATE | Fault.SHUFFLED if len(self._held) < _MOST_HELD:
                self._hold(rule, batch[chosen])
                return batch[~chosen]
            case _:
                return batch

    def _hold(self, rule: Rule, batch: TradeBatch) -> None:
        longest = (rule.order.duration or 0.0) * 1_000_000
        share = shares(batch.sequence, ~rule.salt) if rule.order.fault is Fault.SHUFFLED else np.ones(len(batch))
        due = (self.exchange.now() + share * longest).astype(np.int64).tolist()
        for index, number in enumerate(batch.sequence.tolist()):
            heapq.heappush(self._held, (due[index], number, batch[slice(index, index + 1)]))

    def _due(self) -> list[TradeBatch]:
        now, found = self.exchange.now(), []
        while self._held and self._held[0][0] <= now:
            found.append(heapq.heappop(self._held)[2])
        return found

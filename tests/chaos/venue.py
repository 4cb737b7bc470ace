"""The venue of a chaos run: the simulator with steady markets, some live, one with a past to fetch."""

from __future__ import annotations

import argparse
import asyncio
from datetime import datetime, timedelta
from typing import Final

import uvicorn

from candlewick.clock import SystemClock
from candlewick.domain.batch import TradeBatch
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window
from candlewick.providers.binance.simulator import SimulatorOptions, create_simulator
from candlewick.providers.binance.simulator.markets import REPERTOIRE
from candlewick.providers.steady_market import SteadyMarket

LIVE: Final = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT")
PAST: Final = ("BNBUSDT", "BNBBTC")
SEED: Final = 7


class Markets:
    """What is traded there. The same in every process: markets are functions of their seed."""

    def __init__(self, live_rate: int, past_rate: int) -> None:
        self.live: SteadyMarket = REPERTOIRE.steady(SEED, live_rate, LIVE)
        self.past: SteadyMarket = REPERTOIRE.steady(SEED, past_rate, PAST)

    def keys(self, market: SteadyMarket) -> list[InstrumentKey]:
        return [listing.key for listing in market.listings()]

    def of(self, key: InstrumentKey) -> SteadyMarket:
        return self.live if key in self.keys(self.live) else self.past

    def between(self, key: InstrumentKey, first: int, last: int) -> TradeBatch:
        """The trades of these sequences, both included."""
        return self.of(key).from_sequence(key, first, last - first + 1)

    def first_at(self, key: InstrumentKey, moment: datetime) -> int:
        return self.of(key).sequence_at(key, moment)

    def count(self, key: InstrumentKey, window: Window) -> int:
        return self.first_at(key, window.end) - self.first_at(key, window.start)


def serve(port: int, markets: Markets) -> None:
    options = SimulatorOptions(
        weight_per_minute=100_000_000, largest_archive=20_000_000, step=timedelta(milliseconds=20)
    )
    app = create_simulator([markets.live, markets.past], SystemClock(), options)
    configuration = uvicorn.Config(app, port=port, log_level="warning", ws="websockets-sansio", access_log=False)
    asyncio.run(uvicorn.Server(configuration).serve())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--live-rate", type=int, required=True)
    parser.add_argument("--past-rate", type=int, required=True)
    given = parser.parse_args()
    serve(given.port, Markets(given.live_rate, given.past_rate))

"""Binance, simulated: a market that is made up comes in, Binance's REST, websocket and archive formats go out."""

from candlewick.providers.binance.simulator.app import create_simulator
from candlewick.providers.binance.simulator.offer import SIMULATOR
from candlewick.providers.binance.simulator.options import SimulatorOptions

__all__ = ["SIMULATOR", "SimulatorOptions", "create_simulator"]

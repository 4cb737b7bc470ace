"""Kraken, simulated: a market that is made up comes in, Kraken's REST and websocket v2 formats go out."""

from candlewick.providers.kraken.simulator.app import create_simulator
from candlewick.providers.kraken.simulator.offer import SIMULATOR
from candlewick.providers.kraken.simulator.options import SimulatorOptions

__all__ = ["SIMULATOR", "SimulatorOptions", "create_simulator"]

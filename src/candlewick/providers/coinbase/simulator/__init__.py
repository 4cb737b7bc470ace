"""Coinbase Exchange, simulated: a market that is made up comes in, Coinbase's REST and websocket formats go out."""

from candlewick.providers.coinbase.simulator.app import create_simulator
from candlewick.providers.coinbase.simulator.offer import SIMULATOR
from candlewick.providers.coinbase.simulator.options import SimulatorOptions

__all__ = ["SIMULATOR", "SimulatorOptions", "create_simulator"]

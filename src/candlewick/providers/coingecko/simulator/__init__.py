"""CoinGecko, simulated: a market that is made up comes in, answers in CoinGecko's formats go out."""

from candlewick.providers.coingecko.simulator.app import create_simulator
from candlewick.providers.coingecko.simulator.offer import SIMULATOR
from candlewick.providers.coingecko.simulator.options import SimulatorOptions

__all__ = ["SIMULATOR", "SimulatorOptions", "create_simulator"]

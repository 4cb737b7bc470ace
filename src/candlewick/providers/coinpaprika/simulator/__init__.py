"""CoinPaprika, simulated: a market that is made up comes in, answers in CoinPaprika's formats go out."""

from candlewick.providers.coinpaprika.simulator.app import create_simulator
from candlewick.providers.coinpaprika.simulator.offer import SIMULATOR
from candlewick.providers.coinpaprika.simulator.options import SimulatorOptions

__all__ = ["SIMULATOR", "SimulatorOptions", "create_simulator"]

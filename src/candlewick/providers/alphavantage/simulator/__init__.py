"""Alpha Vantage, simulated: prices that are made up come in, answers in its formats go out."""

from candlewick.providers.alphavantage.simulator.app import create_simulator
from candlewick.providers.alphavantage.simulator.offer import SIMULATOR
from candlewick.providers.alphavantage.simulator.options import SimulatorOptions

__all__ = ["SIMULATOR", "SimulatorOptions", "create_simulator"]

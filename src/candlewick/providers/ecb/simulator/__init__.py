"""The ECB and Frankfurter, simulated: made-up rates come in, the bank's files and Frankfurter's JSON go out."""

from candlewick.providers.ecb.simulator.app import create_simulator
from candlewick.providers.ecb.simulator.offer import SIMULATOR

__all__ = ["SIMULATOR", "create_simulator"]

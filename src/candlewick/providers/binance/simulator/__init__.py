"""Binance, simulated: a market that is made up comes in, Binance's REST, websocket and archive formats go out."""

from candlewick.providers.binance.simulator.app import create_simulator
from candlewick.providers.binance.simulator.exchange import NumberedMarket
from candlewick.providers.binance.simulator.options import SimulatorOptions

__all__ = ["NumberedMarket", "SimulatorOptions", "create_simulator"]

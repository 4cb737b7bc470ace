"""Every strategy there is. A new one is a class here, and its instance in the list at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from candlewick.backtest.strategy import (
    IndicatorUse,
    Sides,
    Strategy,
    Values,
    above,
    before,
    below,
    held,
    turning,
)
from candlewick.domain.errors import UnknownStrategy
from candlewick.domain.indicator import LONGEST, Parameters, ParameterSpec
from candlewick.indicators.series import CandleSeries


def _length(name: str, default: int, description: str, least: int = 2) -> ParameterSpec:
    return ParameterSpec(name, default, least, LONGEST, True, description)


class SmaCross(Strategy):
    """The oldest of all."""

    name = "sma_cross"
    title = "Cross of two simple moving averages"
    description = "Long while the fast mean is above the slow one, short while it is below."
    parameters = (_length("fast", 20, "Length of the fast mean.", 1), _length("slow", 50, "Length of the slow mean."))
    rising = ("fast", "slow")

    def uses(self, parameters: Parameters) -> Mapping[str, IndicatorUse]:
        return {name: IndicatorUse("sma", {"length": parameters[name]}) for name in ("fast", "slow")}

    def sides(self, candles: CandleSeries, values: Values, parameters: Parameters) -> Sides:  # noqa: ARG002
        fast, slow = values["fast"]["sma"], values["slow"]["sma"]
        return turning(above(fast, slow), below(fast, slow))


class EmaCross(Strategy):
    """Quicker than the simple one."""

    name = "ema_cross"
    title = "Cross of two exponential moving averages"
    description = "Long while the fast mean is above the slow one, short while it is below."
    parameters = (_length("fast", 12, "Length of the fast mean.", 1), _length("slow", 26, "Length of the slow mean."))
    rising = ("fast", "slow")

    def uses(self, parameters: Parameters) -> Mapping[str, IndicatorUse]:
        return {name: IndicatorUse("ema", {"length": parameters[name]}) for name in ("fast", "slow")}

    def sides(self, candles: CandleSeries, values: Values, parameters: Parameters) -> Sides:  # noqa: ARG002
        fast, slow = values["fast"]["ema"], values["slow"]["ema"]
        return turning(above(fast, slow), below(fast, slow))


class RsiBands(Strategy):
    """Buys what fell too far."""

    name = "rsi_bands"
    title = "Bands of the relative strength index"
    description = "Long when the index falls below the lower band, short when it rises above the upper one."
    parameters = (
        _length("length", 14, "Length of the index."),
        ParameterSpec("lower", 30, 0, 100, False, "What is bought below."),
        ParameterSpec("upper", 70, 0, 100, False, "What is sold above."),
    )
    rising = ("lower", "upper")

    def uses(self, parameters: Parameters) -> Mapping[str, IndicatorUse]:
        return {"index": IndicatorUse("rsi", {"length": parameters["length"]})}

    def sides(self, candles: CandleSeries, values: Values, parameters: Parameters) -> Sides:  # noqa: ARG002
        index = values["index"]["rsi"]
        return turning(below(index, parameters["lower"]), above(index, parameters["upper"]))


class MacdCross(Strategy):
    """Follows the speed of a trend."""

    name = "macd_cross"
    title = "Cross of MACD and its signal"
    description = "Long while MACD is above its signal, short while it is below."
    parameters = (
        _length("fast", 12, "Length of the fast mean."),
        _length("slow", 26, "Length of the slow mean."),
        _length("signal", 9, "Length of the signal's mean.", 1),
    )
    rising = ("fast", "slow")

    def uses(self, parameters: Parameters) -> Mapping[str, IndicatorUse]:
        return {"macd": IndicatorUse("macd", parameters)}

    def sides(self, candles: CandleSeries, values: Values, parameters: Parameters) -> Sides:  # noqa: ARG002
        line, signal = values["macd"]["macd"], values["macd"]["signal"]
        return turning(above(line, signal), below(line, signal))


class BollingerReversion(Strategy):
    """Bets on the way back to the mean."""

    name = "bollinger_reversion"
    title = "Reversion to the middle of Bollinger bands"
    description = (
        "Long when the close falls below the lower band, short when it rises above the upper one, each until the close "
        "is back at the middle."
    )
    parameters = (
        _length("length", 20, "Length of the bands."),
        ParameterSpec("deviations", 2, 0.01, 100, False, "How many standard deviations the bands are away."),
    )

    def uses(self, parameters: Parameters) -> Mapping[str, IndicatorUse]:
        return {"bands": IndicatorUse("bollinger", parameters)}

    def sides(self, candles: CandleSeries, values: Values, parameters: Parameters) -> Sides:  # noqa: ARG002
        bands, close = values["bands"], candles.close
        middle = bands["middle"]
        long = held(below(close, bands["lower"]), ~below(close, middle))
        short = held(above(close, bands["upper"]), ~above(close, middle))
        sides: Sides = long - short
        return sides


class DonchianBreakout(Strategy):
    """The turtles'."""

    name = "donchian_breakout"
    title = "Breakout of Donchian channels"
    description = (
        "Long when the close is above the highest high of the `entry` candles before, until it is below the lowest low "
        "of the `exit` candles before; short the other way round."
    )
    parameters = (
        _length("entry", 20, "How many candles a breakout has to be beyond.", 1),
        _length("exit", 10, "How many candles end it.", 1),
    )

    def uses(self, parameters: Parameters) -> Mapping[str, IndicatorUse]:
        return {name: IndicatorUse("donchian", {"length": parameters[name]}) for name in ("entry", "exit")}

    def sides(self, candles: CandleSeries, values: Values, parameters: Parameters) -> Sides:  # noqa: ARG002
        close, entry, leave = candles.close, values["entry"], values["exit"]  # prices themselves: no noise
        long = held(close > before(entry["upper"]), close < before(leave["lower"]))
        short = held(close < before(entry["lower"]), close > before(leave["upper"]))
        sides: Sides = long - short
        return sides


class BuyAndHold(Strategy):
    """What all others have to beat."""

    name = "buy_and_hold"
    title = "Buy and hold"
    description = "Long from the first candle on."

    def uses(self, parameters: Parameters) -> Mapping[str, IndicatorUse]:  # noqa: ARG002
        return {}

    def sides(self, candles: CandleSeries, values: Values, parameters: Parameters) -> Sides:  # noqa: ARG002
        return np.ones(len(candles), dtype=np.int8)


_ALL: Final[tuple[Strategy, ...]] = (
    SmaCross(),
    EmaCross(),
    RsiBands(),
    MacdCross(),
    BollingerReversion(),
    DonchianBreakout(),
    BuyAndHold(),
)

STRATEGIES: Final[Mapping[str, Strategy]] = {strategy.name: strategy for strategy in _ALL}
"""By name."""


def strategy(name: str) -> Strategy:
    """The one of that name. Raises UnknownStrategy."""
    if name not in STRATEGIES:
        raise UnknownStrategy(name, STRATEGIES)
    return STRATEGIES[name]

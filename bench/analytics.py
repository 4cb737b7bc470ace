"""Indicators of a million candles against TA-Lib and pandas-ta; event bars against a plain numpy pass;
backtests of a million candles.

Each pair is run in turn in one process, after a first run that compiles; the ratio is of the medians.

    python bench/analytics.py [--candles 1000000] [--trades 1000000] [--rounds 3] [--only rsi,supertrend]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
import warnings
from collections.abc import Callable, Mapping
from decimal import Decimal

import numpy as np
import pandas as pd
import talib

from candlewick.backtest.running import run as run_backtest
from candlewick.backtest.strategies import STRATEGIES
from candlewick.backtest.tape import Tape
from candlewick.bars.builder import BarBuilder
from candlewick.domain.backtest import AccountRules, Direction, StrategyChoice
from candlewick.domain.bar import BarMeasure, BarRule, EventBarSpec, Expectation
from candlewick.domain.batch import DecimalColumn, TradeBatch
from candlewick.indicators.catalogue import CATALOGUE
from candlewick.indicators.compute import compute, warm_up
from candlewick.indicators.series import CandleSeries
from kept import follow

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandas_ta as ta

MINUTE = 60_000_000
INSTRUMENTS, HISTORY = 25, 500
"""Of which indicators are kept, and the minutes that each has before."""
SLOW = frozenset({"supertrend"})
"""Of these pandas-ta gets a tenth of the candles, and the time is multiplied: a whole run takes half a minute."""
BARE = [
    EventBarSpec(BarMeasure.TICK, Decimal(100)),
    EventBarSpec(BarMeasure.VOLUME, Decimal(2)),
    EventBarSpec(BarMeasure.VALUE, Decimal(134_000)),
    EventBarSpec(BarMeasure.VOLUME, Decimal(2), split=True),
    EventBarSpec(BarMeasure.VOLUME, Decimal("0.5"), BarRule.IMBALANCE, expectation=Expectation(20, 10, 1_000)),
    EventBarSpec(BarMeasure.VOLUME, Decimal(1), BarRule.RUNS),
]

type Run = Callable[[CandleSeries], object]


def candles_of(count: int) -> CandleSeries:
    """A random walk of minutes."""
    random = np.random.default_rng(3)
    close = 67_000 * np.exp(np.cumsum(random.normal(0, 1e-4, count)))
    opened = np.concatenate([[close[0]], close[:-1]])
    high, low = np.maximum(opened, close) * (1 + 5e-5), np.minimum(opened, close) * (1 - 5e-5)
    return CandleSeries(np.arange(count) * MINUTE, opened, high, low, close, random.exponential(3, count))


def panda(candles: CandleSeries) -> pd.DataFrame:
    """The same, as pandas-ta wants them."""
    index = pd.to_datetime(candles.open_time, unit="us", utc=True)
    columns = {name: getattr(candles, name) for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=index)


def pandas_runs(f: pd.DataFrame) -> Mapping[str, Callable[[], object]]:
    """pandas-ta with its defaults, and as it comes: without TA-Lib."""
    ta.Imports["talib"] = False
    return {
        "sma": lambda: ta.sma(f.close, 20), "ema": lambda: ta.ema(f.close, 20), "wma": lambda: ta.wma(f.close, 20),
        "dema": lambda: ta.dema(f.close, 20), "tema": lambda: ta.tema(f.close, 20), "kama": lambda: ta.kama(f.close),
        "hma": lambda: ta.hma(f.close, 16), "vwap": lambda: ta.vwap(f.high, f.low, f.close, f.volume),
        "vwap_rolling": lambda: ta.vwma(f.close, f.volume, 20), "rsi": lambda: ta.rsi(f.close),
        "macd": lambda: ta.macd(f.close), "stochastic": lambda: ta.stoch(f.high, f.low, f.close),
        "stochastic_rsi": lambda: ta.stochrsi(f.close), "cci": lambda: ta.cci(f.high, f.low, f.close, 20),
        "williams_r": lambda: ta.willr(f.high, f.low, f.close), "roc": lambda: ta.roc(f.close),
        "mfi": lambda: ta.mfi(f.high, f.low, f.close, f.volume), "obv": lambda: ta.obv(f.close, f.volume),
        "ad": lambda: ta.ad(f.high, f.low, f.close, f.volume), "cmf": lambda: ta.cmf(f.high, f.low, f.close, f.volume),
        "true_range": lambda: ta.true_range(f.high, f.low, f.close), "atr": lambda: ta.atr(f.high, f.low, f.close),
        "bollinger": lambda: ta.bbands(f.close, 20), "keltner": lambda: ta.kc(f.high, f.low, f.close),
        "donchian": lambda: ta.donchian(f.high, f.low), "adx": lambda: ta.adx(f.high, f.low, f.close),
        "aroon": lambda: ta.aroon(f.high, f.low), "supertrend": lambda: ta.supertrend(f.high, f.low, f.close, 10),
        "psar": lambda: ta.psar(f.high, f.low), "ichimoku": lambda: ta.ichimoku(f.high, f.low, f.close),
        "z_score": lambda: ta.zscore(f.close, 20), "realised_volatility": lambda: ta.stdev(ta.log_return(f.close), 20),
    }  # fmt: skip


def talib_runs(c: CandleSeries) -> Mapping[str, Callable[[], object]]:
    """TA-Lib alone."""
    h, lo, cl, v = c.high, c.low, c.close, c.volume
    return {
        "sma": lambda: talib.SMA(cl, 20), "ema": lambda: talib.EMA(cl, 20), "wma": lambda: talib.WMA(cl, 20),
        "dema": lambda: talib.DEMA(cl, 20), "tema": lambda: talib.TEMA(cl, 20), "kama": lambda: talib.KAMA(cl, 10),
        "rsi": lambda: talib.RSI(cl), "macd": lambda: talib.MACD(cl), "stochastic": lambda: talib.STOCH(h, lo, cl),
        "stochastic_rsi": lambda: talib.STOCHRSI(cl), "cci": lambda: talib.CCI(h, lo, cl),
        "williams_r": lambda: talib.WILLR(h, lo, cl), "roc": lambda: talib.ROC(cl),
        "mfi": lambda: talib.MFI(h, lo, cl, v),
        "obv": lambda: talib.OBV(cl, v), "ad": lambda: talib.AD(h, lo, cl, v),
        "true_range": lambda: talib.TRANGE(h, lo, cl), "atr": lambda: talib.ATR(h, lo, cl),
        "bollinger": lambda: talib.BBANDS(cl, 20), "adx": lambda: talib.ADX(h, lo, cl),
        "aroon": lambda: talib.AROON(h, lo), "psar": lambda: talib.SAR(h, lo),
    }  # fmt: skip


def took(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def indicators(count: int, rounds: int, only: frozenset[str]) -> None:
    candles, few = candles_of(count), candles_of(max(count // 10, 1_000))
    warm_up()
    whole, part, alone = pandas_runs(panda(candles)), pandas_runs(panda(few)), talib_runs(candles)
    print(f"{count:,} candles; ms{'ours':>30}{'pandas-ta':>12}{'TA-Lib':>10}   ours : pandas-ta")
    for name, spec in CATALOGUE.items():
        if only and name not in only:
            continue
        pandas_run, factor = (part[name], count / len(few)) if name in SLOW else (whole[name], 1.0)
        pandas_run()
        ours, theirs, bare = [], [], []
        for _ in range(rounds):
            ours.append(took(lambda spec=spec: compute(candles, spec, {})))  # type: ignore[misc]
            theirs.append(took(pandas_run) * factor)
            bare.append(took(alone[name]) if name in alone else float("nan"))
        mine, its, plain = (statistics.median(each) * 1e3 for each in (ours, theirs, bare))
        print(f"  {name:<32}{mine:>10.1f}{its:>12.1f}{plain:>10.1f}   {mine / its:>8.2f}")


def trades_of(count: int) -> TradeBatch:
    random = np.random.default_rng(1)
    price = (6_700_000 + np.cumsum(random.integers(-50, 51, count))).astype(np.int64)
    size = (random.exponential(2e6, count) + 1).astype(np.int64)
    side = random.choice(np.array([-1, 1], dtype=np.int8), count)
    return TradeBatch(
        np.arange(1, count + 1), np.arange(count) * 1_000, DecimalColumn(price, 2), DecimalColumn(size, 8), side
    )


def plain_pass(price: np.ndarray, size: np.ndarray, per_bar: float) -> object:  # type: ignore[type-arg]
    """Bars of volume as floats, cut at multiples of the sum: neither exact nor by the definition."""
    full = np.floor(np.cumsum(size) / per_bar).astype(np.int64)
    starts = np.flatnonzero(np.diff(full, prepend=-1))
    ends = np.append(starts[1:], len(price)) - 1
    return (
        price[starts], np.maximum.reduceat(price, starts), np.minimum.reduceat(price, starts), price[ends],
        np.add.reduceat(size, starts), np.add.reduceat(price * size, starts),
    )  # fmt: skip


def bars(count: int, rounds: int) -> None:
    batch = trades_of(count)
    price, size = batch.price.coefficients / 100, batch.size.coefficients / 1e8
    print(f"{count:,} trades; million a second{'ours':>24}{'numpy':>12}{'bars':>10}   ours : numpy")
    for spec in BARE:
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(took(lambda spec=spec: BarBuilder(spec).take(batch)))  # type: ignore[misc]
            theirs.append(took(lambda: plain_pass(price, size, 2.0)))
        mine, its = (count / statistics.median(each) / 1e6 for each in (ours, theirs))
        made = sum(len(part) for part in BarBuilder(spec).take(batch))
        name = f"{spec.measure} {spec.rule}{' split' if spec.split else ''}{' following' if spec.expectation else ''}"
        print(f"  {name:<40}{mine:>10.2f}{its:>12.2f}{made:>10,}   {mine / its:>8.2f}")


def tape_of(candles: CandleSeries) -> Tape:
    """The same, with prices in cents."""
    texts = [np.char.mod("%.2f", column).astype(np.bytes_) for column in (candles.open, candles.close)]
    return Tape(candles, candles.open_time + MINUTE, *texts)


def backtests(count: int) -> None:
    """Each strategy with its defaults, and one that turns at every second candle; free, or fees would soon end it."""
    tape, rules = (
        tape_of(candles_of(count)),
        AccountRules(fee=Decimal(0), slippage=Decimal(0), direction=Direction.BOTH),
    )
    choices = [StrategyChoice(name, {}) for name in STRATEGIES]
    restless = StrategyChoice("ema_cross", {"fast": 1, "slow": 2})
    print(f"{count:,} candles; backtests{'seconds':>24}{'positions':>12}")
    for choice in [*choices, restless]:
        run_backtest(tape[:5_000], 0, choice, rules)
        begun = time.perf_counter()
        result = run_backtest(tape, 0, choice, rules)
        name = choice.name + "".join(f" {value:g}" for value in choice.parameters.values())
        print(f"  {name:<34}{time.perf_counter() - begun:>15.2f}{result.statistics.trades:>12,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candles", type=int, default=1_000_000)
    parser.add_argument("--trades", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--minutes", type=int, default=3, help="how long stored indicators are watched; 0 for not at all"
    )
    parser.add_argument("--only", default="", help="some indicators, with commas between them")
    given = parser.parse_args()
    only = frozenset(name for name in given.only.split(",") if name)
    indicators(given.candles, given.rounds, only)
    if only:
        return
    backtests(given.candles)
    bars(given.trades, given.rounds)
    if given.minutes:
        asyncio.run(follow(INSTRUMENTS, given.minutes, HISTORY))


if __name__ == "__main__":
    main()

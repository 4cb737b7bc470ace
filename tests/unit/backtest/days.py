"""Real days to trade on: Apple's since 1998 with its splits, Bitcoin's of the spring of 2021."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import TextIOWrapper
from itertools import pairwise
from zipfile import ZipFile

import numpy as np

from candlewick.backtest.tape import Tape
from candlewick.domain.day import Factor
from candlewick.domain.time import microseconds
from candlewick.indicators.series import CandleSeries
from recordings import recording
from unit.backtest.independent import Day
from unit.indicators.answers import walk

DAY_MICROSECONDS = 86_400_000_000


def tape_of(days: Sequence[Day], times: Sequence[int], width: int = DAY_MICROSECONDS) -> Tape:
    """The same as columns."""
    opened = np.array(times, dtype=np.int64)
    columns = [[getattr(day, name) for day in days] for name in ("open", "high", "low", "close")]
    opens, highs, lows, closes = (np.array([float(each) for each in column]) for column in columns)
    texts = [np.array([format(each, "f").encode() for each in columns[at]], dtype=np.bytes_) for at in (0, 3)]
    series = CandleSeries(opened, opens, highs, lows, closes, np.ones(len(days)))
    return Tape(series, opened + width, *texts)


def wandering(count: int) -> Tape:
    """Minutes of a random walk."""
    series = walk(count, tick=0.25)
    columns = zip(series.open, series.high, series.low, series.close, strict=True)
    days = [Day(*(Decimal(f"{each:.2f}") for each in row)) for row in columns]
    return tape_of(days, list(range(0, count * 60_000_000, 60_000_000)), 60_000_000)


def apple(*, adjusted: bool = True) -> tuple[list[date], list[Day]]:
    """Dates and candles, the prices multiplied by the factors of all splits to come if `adjusted`."""
    factors = [(each.day, each.split_factor) for each in apple_factors()]
    path = recording("stock/lean_daily_aapl.zip")
    with ZipFile(path) as archive, archive.open(archive.namelist()[0]) as member:
        rows = list(csv.reader(TextIOWrapper(member)))
    dates = [_date(row[0][:8]) for row in rows]
    days = []
    for day, row in zip(dates, rows, strict=True):
        factor = next(split for until, split in factors if day <= until) if adjusted else Decimal(1)
        days.append(Day(*(Decimal(text) / 10_000 * factor for text in row[1:5])))
    return dates, days


def apple_factors() -> list[Factor]:
    """Of splits and dividends."""
    with recording("stock/factor_files/aapl.csv").open() as file:
        return [Factor(_date(row[0]), Decimal(row[1]), Decimal(row[2])) for row in csv.reader(file)]


def apple_tape(*, adjusted: bool = True) -> tuple[list[Day], Tape]:
    dates, days = apple(adjusted=adjusted)
    times = [microseconds(datetime(each.year, each.month, each.day, tzinfo=UTC)) for each in dates]
    return days, tape_of(days, times)


def bitcoin_tape() -> tuple[list[Day], Tape]:
    """What CoinGecko saw once a day: a candle from each to the next."""
    name = "coingecko/rest_recorded/200_coins_bitcoin_market_chart_days_90_interval_daily_vs_currency_usd.json"
    body = json.loads(json.loads(recording(name).read_text())["body"], parse_float=Decimal)
    prices = [Decimal(price) for _, price in body["prices"]]
    days = [Day(then, max(then, now), min(then, now), now) for then, now in pairwise(prices)]
    begin = datetime.fromtimestamp(body["prices"][0][0] / 1000, tz=UTC)
    times = [microseconds(begin + timedelta(days=number)) for number in range(len(days))]
    return days, tape_of(days, times)


def _date(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()

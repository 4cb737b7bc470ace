"""What is traded on the simulated Alpha Vantage, and at which made-up prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from candlewick.domain.time import from_microseconds
from candlewick.providers.alphavantage.times import NEW_YORK
from candlewick.providers.simulation.daily import DailyWalk, weekdays

FIRST: Final = date(1999, 11, 1)
_OPEN, _CLOSE = 9.5, 16.0
_CLOSED: Final = frozenset({(1, 1), (6, 19), (7, 4), (12, 25)})


@dataclass(frozen=True, slots=True)
class Share:
    """A share or a fund that can be simulated."""

    symbol: str
    name: str
    price: str
    volume: int
    kind: str = "Equity"
    region: str = "United States"
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Commodity:
    """A commodity that can be simulated."""

    name: str
    unit: str
    price: str
    monthly: bool = True


SHARES: Final = (
    Share("IBM", "International Business Machines", "98.2500", 4_000_000),
    Share("AAPL", "Apple Inc", "77.6200", 9_000_000),
    Share("BA", "The Boeing Company", "46.1300", 5_000_000),
    Share("BRK-B", "Berkshire Hathaway Inc", "2093.0000", 30_000),
    Share("SPY", "SPDR S&P 500 ETF Trust", "136.5000", 40_000_000, "ETF"),
    Share("WTI", "W&T Offshore Inc", "5.1000", 800_000),
    Share("TSCO.LON", "Tesco PLC", "180.2500", 20_000_000, region="United Kingdom", currency="GBX"),
)
COMMODITIES: Final[Mapping[str, Commodity]] = {
    "WTI": Commodity("Crude Oil Prices WTI", "dollars per barrel", "22.64", monthly=False),
    "BRENT": Commodity("Crude Oil Prices Brent", "dollars per barrel", "21.78", monthly=False),
    "NATURAL_GAS": Commodity("Henry Hub Natural Gas Spot Price", "dollars per million BTU", "2.98", monthly=False),
    "COPPER": Commodity("Global Price of Copper", "dollar per metric ton", "1727.95454545455"),
    "ALUMINUM": Commodity("Global Price of Aluminum", "dollar per metric ton", "1472.78409090909"),
    "WHEAT": Commodity("Global Price of Wheat", "dollar per metric ton", "112.345454545455"),
    "CORN": Commodity("Global Price of Corn", "dollar per metric ton", "86.0136363636364"),
    "COTTON": Commodity("Global Price of Cotton", "cents per pound", "45.1636363636364"),
    "SUGAR": Commodity("Global Price of Sugar", "cents per pound", "6.54727272727273"),
    "COFFEE": Commodity("Global Price of Coffee", "cents per pound", "113.972727272727"),
}
PAIRS: Final = {"EUR": "1.05160", "GBP": "1.64310", "JPY": "0.00962", "CHF": "0.65210", "BTC": "109631.43060700"}
"""In dollars."""


class Prices:
    """The prices of a seed, up to now (in microseconds, by the simulator's own clock)."""

    def __init__(self, seed: int, now: Callable[[], int]) -> None:
        self._now = now
        self.shares = {each.symbol: _walk(f"share {each.symbol}", seed, each.price, 0.015) for each in SHARES}
        self.commodities = {
            name: _walk(f"commodity {name}", seed, each.price, 0.012) for name, each in COMMODITIES.items()
        }
        self.currencies = {code: _walk(f"currency {code}", seed, price, 0.005) for code, price in PAIRS.items()}

    def moment(self) -> datetime:
        return from_microseconds(self._now())

    def sessions(self) -> list[tuple[date, float]]:
        """The days on which shares are traded, newest first, and the hour (24 for the whole day) that each got to."""
        local = self.moment().astimezone(NEW_YORK)
        hour = local.hour + local.minute / 60
        last = local.date() if hour >= _OPEN else local.date() - timedelta(days=1)
        days = [day for day in weekdays(FIRST, last) if (day.month, day.day) not in _CLOSED]
        running = hour < _CLOSE
        return [(day, hour if day == local.date() and running else 24.0) for day in days]

    def currency_days(self) -> list[tuple[date, float]]:
        """The days on which currencies are traded in UTC, newest first."""
        now = self.moment().astimezone(UTC)
        hour = now.hour + now.minute / 60
        return [(day, hour if day == now.date() else 24.0) for day in weekdays(FIRST, now.date())]

    def rate(self, base: str, quote: str, day: date, hour: float) -> Decimal | None:
        """A currency in another at that hour; None: one of them is not simulated."""
        if base == quote or {base, quote} - self.currencies.keys() - {"USD"}:
            return None
        dollars = [Decimal(1) if code == "USD" else self.currencies[code].price(day, hour) for code in (base, quote)]
        return (dollars[0] / dollars[1]).quantize(Decimal("0.00001"))


def _walk(name: str, seed: int, price: str, step: float) -> DailyWalk:
    return DailyWalk(name, seed, FIRST, Decimal(price), step, -int(Decimal(price).as_tuple().exponent))

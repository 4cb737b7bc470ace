"""How Alpha Vantage's shares, currencies and commodities are named here.

It has no list of all, and nothing tells a share from a commodity but the question: WTI is both. So the symbol says
which it is: `AAPL` a share, `EUR/USD` a pair of currencies, `commodity/WTI` a commodity. In keys, currencies and
commodities go by their plain names (`alphavantage:EUR-USD`, `alphavantage:WTI-USD`); a share of that name has `.EQ`
behind it (`alphavantage:WTI.EQ-USD`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from candlewick.domain.market import AssetClass, InstrumentKey, Tape
from candlewick.ports import Listing
from candlewick.providers.currencies import FIAT

VENUE: Final = "alphavantage"
VENUE_NAME: Final = "Alpha Vantage"
SINCE: Final = datetime(1960, 1, 1, tzinfo=UTC)
"""Before its oldest series of commodities."""

COMMODITIES: Final = {
    "WTI": "daily", "BRENT": "daily", "NATURAL_GAS": "daily", "COPPER": "monthly", "ALUMINUM": "monthly",
    "WHEAT": "monthly", "CORN": "monthly", "COTTON": "monthly", "SUGAR": "monthly", "COFFEE": "monthly",
}  # fmt: skip
"""What there is, and how fine. Index numbers (ALL_COMMODITIES) have no currency and are left out."""
CURRENCIES: Final = FIAT | {
    "CNY", "CNH", "DKK", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "MYR", "NOK", "NZD", "PEN", "PHP", "QAR", "SAR",
    "SEK", "THB", "TWD",
}  # fmt: skip
COINS: Final = frozenset(
    {"ADA", "AVAX", "BCH", "BNB", "BTC", "DOGE", "DOT", "ETC", "ETH", "LINK", "LTC", "SOL", "TRX", "XLM", "XMR", "XRP"}
)
_MONEY: Final = "USD"
_COMMODITY: Final = "commodity/"
_SHARE_MARK: Final = ".EQ"


def known(key: InstrumentKey) -> Listing | None:
    """A pair of currencies or a commodity, which nobody need be asked about; None: it can only be a share."""
    if key.base in COMMODITIES and key.quote == _MONEY:
        return _listing(key, _COMMODITY + key.base, AssetClass.COMMODITY)
    if key.quote in CURRENCIES and key.base != key.quote:
        if key.base in CURRENCIES:
            return _listing(key, f"{key.base}/{key.quote}", AssetClass.FIAT)
        if key.base in COINS:
            return _listing(key, f"{key.base}/{key.quote}", AssetClass.CRYPTO)
    return None


def share(symbol: str, currency: str, name: str | None) -> Listing:
    """A share or fund. A hyphen, which divides keys, becomes a point. Raises InvalidInstrumentKey."""
    base = symbol.replace("-", ".")
    if known(InstrumentKey(VENUE, base, currency)) is not None:
        base += _SHARE_MARK
    return _listing(InstrumentKey.parse(f"{VENUE}:{base}-{currency}"), symbol, AssetClass.EQUITY, name)


def keyword(key: InstrumentKey) -> str:
    """What a share of that key is searched for by."""
    return key.base.removesuffix(_SHARE_MARK)


def commodity_of(symbol: str) -> str | None:
    """The commodity's name; None: it is something else."""
    return symbol.removeprefix(_COMMODITY) if symbol.startswith(_COMMODITY) else None


def symbol_of_commodity(name: str) -> str:
    return _COMMODITY + name


def pair_of(symbol: str) -> tuple[str, str] | None:
    """The two currencies; None: it is something else."""
    base, slash, quote = symbol.partition("/")
    return (base, quote) if slash and commodity_of(symbol) is None else None


def _listing(key: InstrumentKey, symbol: str, base_class: AssetClass, name: str | None = None) -> Listing:
    return Listing(
        key=key,
        symbol=symbol,
        tape=Tape.TRADES,
        base_class=base_class,
        quote_class=AssetClass.FIAT,
        venue_name=VENUE_NAME,
        base_name=name,
    )

"""Markets between assets of a test's own, with what was seen of them, for tests of prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from candlewick.domain.market import (
    Asset,
    AssetClass,
    AssetId,
    Instrument,
    InstrumentId,
    InstrumentKey,
    InstrumentStatus,
    Tape,
    VenueId,
)
from candlewick.domain.price import LONGEST, Observation, PriceBasis, PriceBook, PricedMarket
from markets import LATER

FIAT = frozenset({"USD", "EUR", "GBP", "SEK", "JPY"})


class Assets:
    """Assets by code, numbered as they are first named."""

    def __init__(self) -> None:
        self._known: dict[str, Asset] = {}

    def __getitem__(self, code: str) -> Asset:
        asset_class = AssetClass.FIAT if code in FIAT else AssetClass.CRYPTO
        return self._known.setdefault(code, Asset(AssetId(len(self._known) + 1), code, asset_class))


ASSETS = Assets()
BRIDGES = ("USD", "EUR", "USDT", "USDC", "BTC")


def market(key: str, *seen: Observation, status: InstrumentStatus = InstrumentStatus.TRADING) -> PricedMarket:
    """A market of that key."""
    parsed = InstrumentKey.parse(key)
    instrument = Instrument(
        id=InstrumentId(sum(key.encode())),
        key=parsed,
        symbol=key,
        venue_id=VenueId(1),
        base_id=ASSETS[parsed.base].id,
        quote_id=ASSETS[parsed.quote].id,
        asset_class=ASSETS[parsed.base].asset_class,
        tape=Tape.TRADES,
        status=status,
    )
    return PricedMarket(instrument, seen)


def saw(
    price: str | Decimal,
    age: timedelta = timedelta(seconds=1),
    *,
    source: str = "",
    crossed: bool = False,
    volume: str | None = None,
) -> Observation:
    """A price that was seen so long before LATER."""
    traded = None if volume is None else Decimal(volume)
    return Observation(source, Decimal(price), LATER - age, PriceBasis.TRADE, crossed, traded)


def book(
    asset: str,
    quote: str,
    markets: Sequence[PricedMarket],
    *,
    at: datetime = LATER,
    max_age: timedelta = LONGEST,
    current: bool = True,
    made_up: frozenset[str] = frozenset(),
) -> PriceBook:
    """What these markets say of the price."""
    bridges = [ASSETS[code].id for code in BRIDGES]
    return PriceBook(ASSETS[asset], ASSETS[quote], at, markets, bridges, max_age, current, made_up)


def told(left_out: Sequence[object]) -> dict[str, str]:
    """The reasons by the market's key."""
    return {str(each.instrument.key): each.reason.value for each in left_out}  # type: ignore[attr-defined]

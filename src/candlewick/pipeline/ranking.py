"""Which instruments of a source are the largest, by market cap or else by what is traded in a day: pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from candlewick.domain.market import Instrument
from candlewick.domain.quote import QuoteRow

MONEY: Final = ("USD", "USDT", "USDC")
"""Assets that are worth about the same: volumes are compared in them."""
_NOTHING: Final = Decimal(0)


def by_size(quotes: Mapping[Instrument, QuoteRow]) -> list[Instrument]:
    """The largest first; those of which nothing is known last, in order of their keys.

    A volume is in the quote asset, and worth what the source's own quotes say that this is worth; if they do not say,
    nothing is known of it.
    """
    worth = _worth_of_assets(quotes)
    return sorted(quotes, key=lambda instrument: (*_size(instrument, quotes[instrument], worth), str(instrument.key)))


def _size(instrument: Instrument, quote: QuoteRow, worth: Mapping[str, Decimal]) -> tuple[Decimal, Decimal]:
    """Negative, since the largest come first."""
    rate = worth.get(instrument.key.quote, _NOTHING)
    return -_number(quote.market_cap) * rate, -_number(quote.volume_24h) * rate


def _worth_of_assets(quotes: Mapping[Instrument, QuoteRow]) -> dict[str, Decimal]:
    worth = dict.fromkeys(MONEY, Decimal(1))
    for instrument, quote in sorted(quotes.items(), key=lambda each: str(each[0].key)):
        key, price = instrument.key, _number(quote.price)
        if price and key.quote in MONEY:
            worth.setdefault(key.base, price)
        elif price and key.base in MONEY:
            worth.setdefault(key.quote, 1 / price)
    return worth


def _number(text: str | None) -> Decimal:
    return Decimal(text) if text is not None else _NOTHING

"""All providers. A new one is its folder and a line here."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Final

from candlewick.domain.errors import UnknownSource

if TYPE_CHECKING:
    from candlewick.providers.provider import Provider

CODES: Final = (
    "binance",
    "coinbase",
    "kraken",
    "coingecko",
    "ecb",
    "alphavantage",
    "coinpaprika",
    "csv",
    "demo",
)
"""By code, which is the folder's name too. Nothing of a provider is imported before somebody wants it."""


def provider(code: str) -> Provider:
    """The provider of that code.

    Raises:
        UnknownSource: there is none.
    """
    if code not in CODES:
        raise UnknownSource(code, CODES)
    found: Provider = import_module(f"candlewick.providers.{code}").PROVIDER
    return found


def providers() -> Iterator[Provider]:
    """All of them, in the order of `CODES`."""
    return map(provider, CODES)

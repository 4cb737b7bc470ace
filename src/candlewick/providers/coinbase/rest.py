"""Coinbase Exchange's REST API: paths, page sizes, and which path asks what.

Source: docs.cdp.coinbase.com/exchange, REST API, "Products". Advanced Trade has the same under other paths.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

PRODUCTS: Final = "/products"
TRADES_PAGE: Final = 1000
"""Rows that a page of trades has at most."""
CANDLES_PAGE: Final = 300
"""Candles that may be asked for at once; a wider span is refused."""
MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400

_PATH: Final = re.compile(
    r"(?:/api/v3/brokerage/(?:market/)?)?/?products(?:/(?P<product>[^/]+)(?:/(?P<kind>trades|candles|ticker))?)?"
)
_GRANULARITIES: Final = {"ONE_MINUTE": MINUTE, "ONE_HOUR": HOUR, "ONE_DAY": DAY}
"""Advanced Trade's names, as far as they matter here."""


class Kind(StrEnum):
    """What can be asked about products."""

    PRODUCTS = "products"
    PRODUCT = "product"
    TRADES = "trades"
    CANDLES = "candles"
    TICKER = "ticker"


def path_of(product: str, kind: Kind) -> str:
    """Where that is asked about a product."""
    return f"{PRODUCTS}/{quote(product, safe='')}/{kind.value}"


def endpoint_of(kind: Kind) -> str:
    """The name that all products' paths of that kind share."""
    return f"{PRODUCTS}/…/{kind.value}"


def asked(endpoint: str) -> tuple[Kind, str] | None:
    """What an endpoint asks, and about which product; None if it is none of Coinbase's that is understood."""
    match = _PATH.fullmatch(urlsplit(endpoint).path)
    if match is None:
        return None
    product = unquote(match["product"] or "").upper()
    if match["kind"]:
        return Kind(match["kind"]), product
    return (Kind.PRODUCT, product) if product else (Kind.PRODUCTS, "")


def number_in(endpoint: str, name: str) -> int | None:
    """A whole number among an endpoint's parameters; None if there is none of that name."""
    text = parse_qs(urlsplit(endpoint).query).get(name, [""])[0]
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None


def granularity_in(endpoint: str) -> int | None:
    """The width of the candles that were asked for, in seconds; None if it is not known."""
    text = parse_qs(urlsplit(endpoint).query).get("granularity", [""])[0]
    return _GRANULARITIES.get(text) or number_in(endpoint, "granularity")

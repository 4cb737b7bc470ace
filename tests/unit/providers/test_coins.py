"""Coins become instruments, and never two of them the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.market import AssetClass, InstrumentKey, InstrumentStatus
from candlewick.providers.coins import Coin, CoinVenue, code_of, halves, long_code, symbol_of

BITCOIN = Coin("bitcoin", "BTC", "Bitcoin", 1, InstrumentStatus.TRADING)


@pytest.mark.parametrize(
    ("currency", "asset_class"),
    [("usd", AssetClass.FIAT), ("btc", AssetClass.CRYPTO), ("xau", AssetClass.COMMODITY)],
)
def test_a_currency_is_money_a_coin_or_a_metal(currency: str, asset_class: AssetClass) -> None:
    listing = CoinVenue("x", "X").list_coin(BITCOIN, currency, first=True)

    assert listing.quote_class is asset_class


@pytest.mark.parametrize(
    ("symbol", "code"),
    [
        ("btc", "BTC"),
        ("apeUSD-AAVE-DEC21", "APEUSD.AAVE.DEC21"),
        ("$g", "$G"),
        ("a b", "AB"),
        ("", None),
        ("x" * 65, None),
    ],
)
def test_a_symbol_becomes_a_code_that_a_key_can_hold(symbol: str, code: str | None) -> None:
    assert code_of(symbol) == code


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=90), unique=True))
def test_no_two_ids_share_a_long_code(ids: list[str]) -> None:
    codes = [long_code("UNI", identity) for identity in ids]

    assert len(set(codes)) == len(ids)
    for code in codes:
        assert InstrumentKey.parse(f"coingecko:{code}-USD").base == code


def test_a_symbol_is_an_id_and_a_currency() -> None:
    assert halves(symbol_of("bitcoin", "usd")) == ("bitcoin", "usd")

"""The spellings of a pair, and the one that is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.providers.exact import Unreadable
from candlewick.providers.kraken import names
from unit.providers.kraken.wire import recorded_body, texts

PAIRS = [("BTC/USD", "XBTUSD"), ("DOGE/BTC", "XDGXBT"), ("EUR/USD", "EURUSD"), ("AAPLx/USD", "AAPLxUSD")]


@pytest.mark.parametrize(("symbol", "pair"), PAIRS)
def test_rest_is_asked_by_the_altname(symbol: str, pair: str) -> None:
    assert names.pair_of(symbol) == pair


@pytest.mark.parametrize("name", ["XBT/USD", "BTC/USD"])
def test_both_websockets_names_are_one_symbol(name: str) -> None:
    assert names.symbol_of(name) == "BTC/USD"


@pytest.mark.parametrize("name", ["XBTUSD", "", "/", "XBT/", "/USD", "A/B/C"])
def test_what_has_no_two_halves_is_no_pair(name: str) -> None:
    with pytest.raises(Unreadable, match="BASE/QUOTE"):
        names.symbol_of(name)


@pytest.mark.parametrize(
    ("altname", "base", "quote", "halves"),
    [
        ("XBTUSD", "XXBT", "ZUSD", ("XBT", "USD")),
        ("BCHEUR", "BCH", "ZEUR", ("BCH", "EUR")),
        ("ETHXBT", "XETH", "XXBT", ("ETH", "XBT")),
        ("XTZXBT", "XTZ", "XXBT", ("XTZ", "XBT")),
        ("ZETAUSD", "ZETA", "ZUSD", ("ZETA", "USD")),
        ("USDTZUSD", "USDT", "ZUSD", ("USDT", "ZUSD")),
    ],
)
def test_old_assets_lose_their_mark_where_the_altname_says_so(
    altname: str, base: str, quote: str, halves: tuple[str, str]
) -> None:
    assert names.halves(altname, base, quote) == halves


def test_an_altname_of_other_assets_is_refused() -> None:
    with pytest.raises(Unreadable, match="not made of"):
        names.halves("XBTUSD", "XETH", "ZUSD")


@pytest.mark.parametrize("name", ["rest/AssetPairs_2021-04-17.json.gz", "rest_recorded/AssetPairs_2017.json"])
def test_every_recorded_answer_s_key_is_one_that_its_symbol_may_have(name: str) -> None:
    for key, pair in texts(recorded_body(name)).items():
        if not key.endswith(".d"):
            symbol = "/".join(map(names.common, names.halves(pair["altname"], pair["base"], pair["quote"])))
            assert key in names.keys_of(symbol)
            assert names.pair_of(symbol) == pair["altname"]


@given(st.lists(st.text("ABC/xX .1币+&#%", min_size=1), min_size=1))
def test_an_endpoint_says_which_pairs_were_asked_for(symbols: list[str]) -> None:
    assert names.asked(names.marked("/0/public/Ticker?pair=XBTUSD", symbols)) == symbols


def test_an_endpoint_without_a_mark_says_nothing() -> None:
    assert names.asked("/0/public/Ticker?pair=XBTUSD") == []


def test_every_recorded_asset_s_altname_is_its_code_with_or_without_a_mark() -> None:
    for code, asset in texts(recorded_body("rest_recorded/Assets_2017.json")).items():
        quote = "ZEUR"
        if code != "KFEE":  # fee credits, which nobody trades
            assert names.halves(f"{asset['altname']}EUR", code, quote) == (asset["altname"], "EUR")

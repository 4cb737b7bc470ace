"""Kraken's list of pairs as listings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import AssetClass, InstrumentKey, InstrumentStatus, Tape
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.kraken import symbols
from markets import LATER
from unit.providers.kraken.wire import answer, recorded_body, texts

PAIR = {
    "altname": "XBTUSD", "wsname": "XBT/USD", "aclass_base": "currency", "base": "XXBT", "aclass_quote": "currency",
    "quote": "ZUSD", "lot": "unit", "pair_decimals": 1, "lot_decimals": 8, "lot_multiplier": 1, "ordermin": "0.00005",
    "tick_size": "0.1", "status": "online",
}  # fmt: skip


def listed(**pairs: Any) -> dict[str, Listing]:
    return {str(each.key): each for each in symbols.listings(answer(pairs))}


def recorded(name: str) -> dict[str, Listing]:
    payload = Payload("kraken", "/0/public/AssetPairs", recorded_body(name), LATER)
    return {str(each.key): each for each in symbols.listings(payload)}


def test_a_pair_is_listed_under_names_that_others_use() -> None:
    assert listed(XXBTZUSD=PAIR) == {
        "kraken:BTC-USD": Listing(
            key=InstrumentKey("kraken", "BTC", "USD"),
            symbol="BTC/USD",
            tape=Tape.TRADES,
            base_class=AssetClass.CRYPTO,
            quote_class=AssetClass.FIAT,
            venue_name="Kraken",
            status=InstrumentStatus.TRADING,
            tick_size=Decimal("0.1"),
            lot_size=Decimal("0.00000001"),
        )
    }


def test_money_for_money_is_fx() -> None:
    fx = PAIR | {"altname": "EURUSD", "wsname": "EUR/USD", "base": "ZEUR"}
    listing = listed(ZEURZUSD=fx)["kraken:EUR-USD"]

    assert (listing.base_class, listing.quote_class) == (AssetClass.FIAT, AssetClass.FIAT)


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("online", InstrumentStatus.TRADING),
        ("limit_only", InstrumentStatus.TRADING),
        ("reduce_only", InstrumentStatus.TRADING),
        ("cancel_only", InstrumentStatus.HALTED),
        ("post_only", InstrumentStatus.HALTED),
        ("delisted", InstrumentStatus.DELISTED),
        ("something_new", InstrumentStatus.HALTED),
    ],
)
def test_a_status_says_whether_orders_are_matched(status: str, found: InstrumentStatus) -> None:
    assert listed(XXBTZUSD=PAIR | {"status": status})["kraken:BTC-USD"].status is found


def test_a_tick_of_zero_is_none() -> None:
    assert listed(XXBTZUSD=PAIR | {"tick_size": "0"})["kraken:BTC-USD"].tick_size is None


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (PAIR | {"altname": "XBTUSD.d"}, "dark pool"),
        (PAIR | {"wsname": "ETH/USD"}, "are not the same pair"),
        (PAIR | {"wsname": "XBTUSD"}, "are not the same pair"),
        (PAIR | {"aclass_base": "nft"}, "aclass_base 'nft' is none that we know"),
        (PAIR | {"aclass_base": []}, "is none that we know"),
        (PAIR | {"lot_decimals": -1}, "is no number of decimals"),
        (PAIR | {"lot_decimals": 10**9}, "is no number of decimals"),
        (PAIR | {"tick_size": "x"}, "no decimal number"),
        (PAIR | {"altname": "A-BUSD", "wsname": "A-B/USD"}, "no instrument key"),
        (PAIR | {"status": 1}, "it has no status"),
        ({}, "it has no altname"),
        ("XBTUSD", "it has no altname"),
        (None, "it has no altname"),
    ],
)
def test_what_cannot_be_listed_is_left_out_aloud(pair: Any, reason: str) -> None:
    with capture_logs() as logs:
        assert list(listed(XETHZUSD=PAIR, OTHER=pair)) == ["kraken:BTC-USD"]

    (entry,) = [each for each in logs if each["event"] == "listings_left_out"]
    assert entry["count"] == 1
    assert reason in entry["examples"][0]


def test_the_first_of_two_pairs_with_one_key_stays() -> None:
    with capture_logs() as logs:
        found = listed(A=PAIR, B=PAIR | {"status": "cancel_only"})

    assert found["kraken:BTC-USD"].status is InstrumentStatus.TRADING
    assert "there is another kraken:BTC-USD" in logs[0]["examples"][0]


def test_what_is_no_list_is_malformed() -> None:
    with pytest.raises(MalformedPayload):
        symbols.listings(Payload("kraken", "/0/public/AssetPairs", b'{"error":["EService:Busy"]}', LATER))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("rest/AssetPairs_2021-04-17.json.gz", 293),
        ("rest_recorded/AssetPairs_2017.json", 47),
        ("rest/http_asset_pairs.json", 1),
        ("rest/http_asset_pairs_tokenized.json", 1),
    ],
)
def test_every_recorded_pair_is_listed_but_dark_pools(name: str, count: int) -> None:
    pairs = texts(recorded_body(name))
    found = recorded(name)

    assert len(found) == count == sum(not key.endswith(".d") for key in pairs)
    steps = {listing.symbol: (listing.tick_size, listing.lot_size) for listing in found.values()}
    for key, pair in pairs.items():
        if not key.endswith(".d"):
            wsname = pair.get("wsname", "").replace("XBT", "BTC").replace("XDG", "DOGE")
            tick = Decimal(pair.get("tick_size") or f"1E-{pair['pair_decimals']}")
            assert not wsname or steps[wsname] == (tick, Decimal(f"1E-{pair['lot_decimals']}"))


def test_old_lists_say_no_status() -> None:
    assert {listing.status for listing in recorded("rest/AssetPairs_2021-04-17.json.gz").values()} == {None}


def test_recorded_fx_pairs_are_fx() -> None:
    found = recorded("rest/AssetPairs_2021-04-17.json.gz")

    for key in ("kraken:EUR-USD", "kraken:GBP-USD", "kraken:USD-JPY"):
        assert (found[key].base_class, found[key].quote_class) == (AssetClass.FIAT, AssetClass.FIAT)
    assert found["kraken:USDT-USD"].base_class is AssetClass.CRYPTO

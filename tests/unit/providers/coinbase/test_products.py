"""Coinbase's products become listings; what cannot be named is left out and said."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import AssetClass, InstrumentStatus
from candlewick.ports import Listing
from candlewick.providers.coinbase.products import listings
from unit.providers.coinbase.wire import PRODUCT, answer


def listed(**change: Any) -> Listing:
    [listing] = listings(answer([PRODUCT | change], "/products"))
    return listing


def test_a_product_is_listed_with_its_steps() -> None:
    listing = listed()

    assert (str(listing.key), listing.symbol) == ("coinbase:BTC-USD", "BTC-USD")
    assert (listing.tick_size, listing.lot_size) == (Decimal("0.01"), Decimal("0.00000001"))
    assert (listing.base_class, listing.quote_class) == (AssetClass.CRYPTO, AssetClass.FIAT)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, InstrumentStatus.TRADING),
        ({"status": "offline"}, InstrumentStatus.HALTED),
        ({"status": "internal"}, InstrumentStatus.HALTED),
        ({"status": "delisted"}, InstrumentStatus.DELISTED),
        ({"status": "delisted", "trading_disabled": True}, InstrumentStatus.DELISTED),
        ({"trading_disabled": True}, InstrumentStatus.HALTED),
        ({"cancel_only": True}, InstrumentStatus.HALTED),
        ({"post_only": True, "limit_only": True}, InstrumentStatus.TRADING),
        ({"status": None}, None),
        ({"status": ""}, None),
    ],
)
def test_a_status_and_its_flags_say_whether_it_is_traded(
    change: dict[str, Any], status: InstrumentStatus | None
) -> None:
    assert listed(**change).status is status


def test_a_new_status_is_no_trading_and_is_said() -> None:
    with capture_logs() as logs:
        assert listed(status="auctioned").status is InstrumentStatus.HALTED

    assert [(each["event"], each["status"]) for each in logs] == [("status_unknown", "auctioned")]


@pytest.mark.parametrize("nothing", ["", None, "0"])
def test_a_step_that_is_none_is_not_said(nothing: str | None) -> None:
    assert listed(base_increment=nothing).lot_size is None


def test_base_and_quote_come_from_their_fields_never_from_the_name() -> None:
    assert str(listed(id="WAXL-USD", base_currency="AXL").key) == "coinbase:AXL-USD"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (PRODUCT | {"id": ""}, "no id or product_id"),
        (PRODUCT | {"id": "B\0-USD"}, "no id or product_id"),
        (PRODUCT | {"base_currency": 5}, "no base_currency"),
        (PRODUCT | {"quote_currency": "U S"}, "coinbase:BTC-U S"),
        (PRODUCT | {"quote_increment": True}, "no quote_increment"),
        (PRODUCT | {"product_type": "FUTURE"}, "is not SPOT"),
        (PRODUCT | {"id": "BTC-USD2"}, "are both coinbase:BTC-USD"),
        ("BTC-USD", "no object"),
    ],
)
def test_what_cannot_be_listed_is_left_out_and_said(row: Any, said: str) -> None:
    with capture_logs() as logs:
        found = listings(answer([PRODUCT, row], "/products"))

    assert [each.symbol for each in found] == ["BTC-USD"]
    [entry] = logs
    assert (entry["event"], entry["count"]) == ("listings_left_out", 1)
    assert said in entry["examples"][0]


@pytest.mark.parametrize("body", [b"", b'{"message":"x"}', b"5", b'{"products":5}'])
def test_what_is_no_list_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        listings(answer(body, "/products"))

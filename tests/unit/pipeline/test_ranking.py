"""Which instruments are the largest."""

from __future__ import annotations

from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.domain.quote import QuoteRow
from candlewick.pipeline.ranking import by_size
from unit.pipeline.fakes import FakeInstruments
from unit.pipeline.sources import ORIGIN, listing

Said = tuple[str | None, str | None, str | None]
"""Price, market cap and volume."""


async def ranked(**said: Said) -> list[str]:
    """The keys, without their venue, in order. Each is given as BASE_QUOTE."""
    store = FakeInstruments()
    quotes: dict[Instrument, QuoteRow] = {}
    for name, (price, cap, volume) in said.items():
        instrument = await store.list_instrument(listing(InstrumentKey("kraken", *name.split("_"))))
        quotes[instrument] = QuoteRow(ORIGIN, "kraken", price, None, None, cap, volume, None, ORIGIN, 1)
    return [f"{each.key.base}_{each.key.quote}" for each in by_size(quotes)]


async def test_the_market_cap_decides_before_the_volume() -> None:
    found = await ranked(BIG_USD=("1", "900", "1"), SMALL_USD=("1", "100", "999"), NEW_USD=("1", None, "5000"))

    assert found == ["BIG_USD", "SMALL_USD", "NEW_USD"]


async def test_volumes_are_compared_in_one_currency() -> None:
    found = await ranked(
        BTC_JPY=("9000000", None, "1500000"), BTC_USD=("60000", None, "20000"), USD_JPY=("150", None, "3000"),
    )  # fmt: skip

    assert found == ["BTC_USD", "BTC_JPY", "USD_JPY"]


async def test_an_asset_that_is_priced_in_money_is_worth_that() -> None:
    assert await ranked(ETH_BTC=("0.05", None, "2"), BTC_USD=("60000", None, "100000")) == ["ETH_BTC", "BTC_USD"]


async def test_those_of_which_nothing_is_known_come_last_in_order_of_their_keys() -> None:
    found = await ranked(B_XYZ=("1", None, "999999"), A_USD=(None, None, None), C_USD=("1", None, "1"))

    assert found == ["C_USD", "A_USD", "B_XYZ"]

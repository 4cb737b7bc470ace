"""What an asset costs and an amount is worth: exactly, by paths that can be told."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import InvalidAssetName
from candlewick.domain.fraction import PLACES, median, rounded
from candlewick.domain.market import Asset, AssetClass, AssetId, InstrumentStatus
from candlewick.domain.price import AssetName, PriceBook, PricePath
from candlewick.domain.pricing import composite, conversion
from pricing import book, market, saw, told

HOUR = timedelta(hours=1)
PRICES = st.decimals(min_value="0.00000001", max_value="99999999", places=8, allow_nan=False, allow_infinity=False)
AMOUNTS = st.decimals(min_value="-1e18", max_value="1e18", places=18, allow_nan=False, allow_infinity=False)


def cost(known: PriceBook) -> Decimal | None:
    price = composite(known).price
    return None if price is None else rounded(price)


def keys(known: PriceBook) -> list[str]:
    return [str(path.steps[0].instrument.key) for path in composite(known).contributions]


def test_the_median_of_three_venues_is_the_one_in_the_middle() -> None:
    known = book("BTC", "USD", [
        market("a:BTC-USD", saw("60000.10")), market("b:BTC-USD", saw("60010")), market("c:BTC-USD", saw("59990")),
    ])  # fmt: skip
    assert cost(known) == Decimal("60000.10")
    assert composite(known).left_out == []


def test_the_median_of_two_is_their_exact_mean() -> None:
    known = book("BTC", "USD", [market("a:BTC-USD", saw("0.000000000001")), market("b:BTC-USD", saw("0.000000000002"))])
    assert cost(known) == Decimal("0.0000000000015")


def test_two_sources_of_one_market_both_count() -> None:
    known = book("BTC", "USD", [market("a:BTC-USD", saw("10", source="a"), saw("12", source="b"))])
    assert cost(known) == Decimal(11)


def test_a_market_the_other_way_round_is_divided_through() -> None:
    known = book("USD", "EUR", [market("ecb:EUR-USD", saw("1.25"))])
    [path] = composite(known).contributions
    assert (path.kind, cost(known)) == (PricePath.INVERSE, Decimal("0.8"))


def test_what_cannot_be_divided_exactly_is_rounded_half_up_to_36_places() -> None:
    assert cost(book("USD", "EUR", [market("a:EUR-USD", saw("3"))])) == Decimal("0." + "3" * 36)
    assert cost(book("USD", "EUR", [market("a:EUR-USD", saw("1.5"))])) == Decimal("0." + "6" * 35 + "7")


def test_a_stablecoin_is_worth_what_its_own_market_says() -> None:
    known = book("SOL", "USD", [market("a:SOL-USDT", saw("100")), market("b:USDT-USD", saw("0.98"))])
    [path] = composite(known).contributions
    assert (path.kind, cost(known)) == (PricePath.BRIDGED, Decimal(98))
    assert [str(step.instrument.key) for step in path.steps] == ["a:SOL-USDT", "b:USDT-USD"]


def test_a_stablecoin_without_a_market_of_its_own_is_worth_nothing_that_is_known() -> None:
    found = composite(book("SOL", "USD", [market("a:SOL-USDT", saw("100"))]))
    assert found.price is None
    assert told(found.left_out) == {"a:SOL-USDT": "NO_BRIDGE"}


def test_bridges_are_crossed_only_until_there_are_three_paths() -> None:
    usdt = [market(f"{venue}:SOL-USDT", saw("100")) for venue in "ab"]
    direct = [market(f"{venue}:SOL-USD", saw("101")) for venue in "cde"]
    bridge = market("k:USDT-USD", saw("1"))
    known = book("SOL", "USD", [*usdt, *direct, bridge])
    assert keys(known) == ["c:SOL-USD", "d:SOL-USD", "e:SOL-USD"]
    assert told(composite(known).left_out) == {"a:SOL-USDT": "NOT_NEEDED", "b:SOL-USDT": "NOT_NEEDED"}
    known = book("SOL", "USD", [*usdt, *direct[:1], bridge])
    assert keys(known) == ["c:SOL-USD", "a:SOL-USDT", "b:SOL-USDT"]


def test_a_better_bridge_is_crossed_before_a_worse_one() -> None:
    known = book("SOL", "GBP", [
        market("a:SOL-USD", saw("100")), market("b:SOL-USD", saw("100")), market("c:SOL-USD", saw("100")),
        market("k:GBP-USD", saw("1.25")), market("a:SOL-BTC", saw("0.002")), market("k:BTC-GBP", saw("50000")),
    ])  # fmt: skip
    assert keys(known) == ["a:SOL-USD", "b:SOL-USD", "c:SOL-USD"]
    assert told(composite(known).left_out)["a:SOL-BTC"] == "NOT_NEEDED"


def test_two_bridges_are_crossed_where_one_does_not_lead_there() -> None:
    known = book("AAPL", "SEK", [
        market("x:AAPL-USD", saw("200", HOUR)), market("ecb:EUR-USD", saw("1.25", HOUR)),
        market("ecb:EUR-SEK", saw("11", HOUR)),
    ])  # fmt: skip
    [path] = composite(known).contributions
    assert [str(step.instrument.key) for step in path.steps] == ["x:AAPL-USD", "ecb:EUR-USD", "ecb:EUR-SEK"]
    assert cost(known) == Decimal(1760)


def test_rates_of_one_venue_go_together() -> None:
    known = book("GBP", "USD", [
        market("ecb:EUR-GBP", saw("0.80", 8 * HOUR)), market("ecb:EUR-USD", saw("1.20", 8 * HOUR)),
        market("k:EUR-USD", saw("1.30")),
    ])  # fmt: skip
    assert cost(known) == Decimal("1.5")


def test_what_is_fresh_is_not_mixed_with_what_is_not() -> None:
    fresh, old = market("a:EUR-USD", saw("1.10")), market("ecb:EUR-USD", saw("1.20", 10 * HOUR))
    found = composite(book("EUR", "USD", [fresh, old]))
    assert found.price == Fraction("1.10")
    assert (told(found.left_out), found.limit) == ({"ecb:EUR-USD": "STALE"}, timedelta(minutes=15))
    alone = composite(book("EUR", "USD", [old]))
    assert (alone.price, alone.limit) == (Fraction("1.20"), timedelta(days=1))


def test_nothing_older_than_asked_for_counts() -> None:
    old = market("a:EUR-USD", saw("1.10", 2 * HOUR))
    found = composite(book("EUR", "USD", [old], max_age=HOUR))
    assert (found.price, told(found.left_out), found.limit) == (None, {"a:EUR-USD": "STALE"}, HOUR)
    assert composite(book("EUR", "USD", [old], max_age=2 * HOUR)).limit == 2 * HOUR


def test_a_price_from_ahead_of_our_clock_has_no_age() -> None:
    found = composite(book("EUR", "USD", [market("a:EUR-USD", saw("1.10", timedelta(seconds=-2)))], max_age=HOUR))
    assert found.price is not None


def test_one_of_three_that_is_far_off_is_an_outlier() -> None:
    known = book("BTC", "USD", [
        market("a:BTC-USD", saw("100")), market("b:BTC-USD", saw("101")), market("c:BTC-USD", saw("10100")),
    ])  # fmt: skip
    assert cost(known) == Decimal("100.5")
    assert told(composite(known).left_out) == {"c:BTC-USD": "OUTLIER"}


@pytest.mark.parametrize("prices", [("100", "200"), ("1", "2", "4"), ("1", "1", "2", "2")])
def test_where_no_majority_agrees_nobody_says_who_is_wrong(prices: tuple[str, ...]) -> None:
    known = book("BTC", "USD", [market(f"v{n}:BTC-USD", saw(price)) for n, price in enumerate(prices)])
    assert [str(path.rate) for path in composite(known).contributions] == list(prices)


def test_a_bridge_whose_rate_is_far_off_is_not_crossed() -> None:
    rates = [market(f"{venue}:USDT-USD", saw(rate)) for venue, rate in zip("abc", ("1", "1.001", "100"), strict=True)]
    known = book("SOL", "USD", [market("c:SOL-USDT", saw("100")), *rates])
    assert cost(known) in {Decimal(100), Decimal("100.1")}
    assert told(composite(known).left_out) == {"c:USDT-USD": "OUTLIER"}


@pytest.mark.parametrize("status", [InstrumentStatus.HALTED, InstrumentStatus.DELISTED])
def test_what_is_not_traded_now_counts_in_the_past_only(status: InstrumentStatus) -> None:
    gone = market("a:BTC-USD", saw("100"), status=status)
    now = composite(book("BTC", "USD", [gone]))
    assert (now.price, told(now.left_out)) == (None, {"a:BTC-USD": status.value})
    assert composite(book("BTC", "USD", [gone], current=False)).price == 100


def test_a_crossed_market_and_a_silent_one_say_nothing() -> None:
    found = composite(book("BTC", "USD", [market("a:BTC-USD", saw("100", crossed=True)), market("b:BTC-USD")]))
    assert (found.price, told(found.left_out)) == (None, {"a:BTC-USD": "CROSSED", "b:BTC-USD": "NO_PRICE"})


def test_faulty_rates_of_the_quote_asset_are_told_where_a_bridge_was_wanted() -> None:
    markets = [market("a:SOL-USDT", saw("100")), market("b:USDT-USD"), market("c:BTC-EUR")]
    found = composite(book("SOL", "USD", markets))
    assert told(found.left_out) == {"a:SOL-USDT": "NO_BRIDGE", "b:USDT-USD": "NO_PRICE"}


def test_prices_that_are_made_up_count_only_where_there_are_no_others() -> None:
    demo, real = market("demo:BTC-USD", saw("1")), market("a:BTC-USD", saw("100"))
    mixed = composite(book("BTC", "USD", [demo, real], made_up=frozenset({"demo"})))
    assert (mixed.price, told(mixed.left_out)) == (Fraction(100), {"demo:BTC-USD": "MADE_UP"})
    assert composite(book("BTC", "USD", [demo], made_up=frozenset({"demo"}))).price == 1
    old = market("a:BTC-USD", saw("100", 3 * HOUR))
    assert composite(book("BTC", "USD", [demo, old], made_up=frozenset({"demo"}))).price == 100


def test_an_asset_in_itself_costs_one() -> None:
    found = composite(book("BTC", "BTC", []))
    assert (found.price, found.contributions, found.left_out) == (Fraction(1), (), ())


@given(st.lists(PRICES, min_size=1, max_size=9), st.randoms())
def test_the_price_lies_among_the_contributions_whatever_their_order(prices: list[Decimal], random: object) -> None:
    markets = [market(f"v{n}:BTC-USD", saw(price)) for n, price in enumerate(prices)]
    found = composite(book("BTC", "USD", markets))
    rates = [path.rate for path in found.contributions]
    assert found.price is not None
    assert min(rates) <= found.price <= max(rates)
    assert sum(rate < found.price for rate in rates) <= len(rates) / 2
    assert sum(rate > found.price for rate in rates) <= len(rates) / 2
    assert len(found.contributions) + len(found.left_out) == len(prices)
    assert composite(book("BTC", "USD", markets[::-1])).price == found.price


@given(st.lists(PRICES, min_size=1, max_size=5), PRICES)
def test_the_price_scales_with_what_it_is_in(prices: list[Decimal], factor: Decimal) -> None:
    plain = [market(f"v{n}:BTC-USD", saw(price)) for n, price in enumerate(prices)]
    scaled = [
        market(f"v{n}:BTC-USD", saw(rounded(Fraction(price) * Fraction(factor)))) for n, price in enumerate(prices)
    ]
    one, other = composite(book("BTC", "USD", plain)).price, composite(book("BTC", "USD", scaled)).price
    assert one is not None
    assert other == one * Fraction(factor)


@given(AMOUNTS, PRICES)
def test_there_and_back_is_the_same_within_the_rounding(amount: Decimal, price: Decimal) -> None:
    markets = [market("a:BTC-USD", saw(price))]
    there = conversion(book("BTC", "USD", markets), amount)
    assert there.result is not None
    back = conversion(book("USD", "BTC", markets), rounded(there.result))
    assert back.result is not None
    half = Fraction(1, 2 * 10**PLACES)
    assert abs(rounded(back.result) - amount) <= half / Fraction(price) + half


@given(AMOUNTS, PRICES)
def test_an_amount_at_a_direct_price_is_exact(amount: Decimal, price: Decimal) -> None:
    found = conversion(book("BTC", "USD", [market("a:BTC-USD", saw(price))]), amount)
    assert found.result == Fraction(amount) * Fraction(price)
    assert Fraction(rounded(found.result)) == found.result


def test_a_conversion_takes_the_shortest_path() -> None:
    bridged = [market("a:SOL-USDT", saw("100")), market("a:USDT-USD", saw("1"))]
    found = conversion(book("SOL", "USD", [*bridged, market("b:SOL-USD", saw("90", timedelta(seconds=9)))]), Decimal(2))
    assert (found.result, [str(step.instrument.key) for step in found.steps]) == (Fraction(180), ["b:SOL-USD"])
    assert told(found.left_out) == {"a:SOL-USDT": "NOT_NEEDED"}


def test_of_equally_short_paths_the_fresher_then_the_more_traded_is_taken() -> None:
    quiet = market("a:SOL-USD", saw("90", volume="5"))
    busy = market("b:SOL-USD", saw("91", timedelta(seconds=9), volume="500"))
    inverse = market("c:USD-SOL", saw("0.011", volume="20"))
    found = conversion(book("SOL", "USD", [quiet, inverse, busy]), Decimal(1))
    assert str(found.steps[0].instrument.key) == "c:USD-SOL"  # 20 SOL are about 1,818 USD
    found = conversion(book("SOL", "USD", [quiet, busy]), Decimal(1))
    assert str(found.steps[0].instrument.key) == "b:SOL-USD"
    old = market("b:SOL-USD", saw("91", HOUR, volume="500"))
    found = conversion(book("SOL", "USD", [quiet, old]), Decimal(1))
    assert (found.result, told(found.left_out)) == (Fraction(90), {"b:SOL-USD": "STALE"})


def test_a_conversion_does_not_take_an_outlier() -> None:
    markets = [market("a:X-USD", saw("100", volume="999")), market("b:X-USD", saw("1")), market("c:X-USD", saw("1"))]
    found = conversion(book("X", "USD", markets), Decimal(1))
    assert found.result == 1
    assert told(found.left_out)["a:X-USD"] == "OUTLIER"


@pytest.mark.parametrize("amount", ["0", "-5", "0.000000000000000001", "9" * 30 + "." + "9" * 30])
def test_any_amount_is_converted_alike(amount: str) -> None:
    found = conversion(book("BTC", "USD", [market("a:BTC-USD", saw("2"))]), Decimal(amount))
    assert found.result == 2 * Fraction(amount)


def test_an_asset_is_itself_without_a_step() -> None:
    found = conversion(book("BTC", "BTC", []), Decimal("1.5"))
    assert (found.result, found.steps, found.left_out) == (Fraction("1.5"), (), ())


def test_what_nobody_knows_has_no_result() -> None:
    found = conversion(book("BTC", "USD", [market("a:BTC-USD")]), Decimal(1))
    assert (found.result, told(found.left_out)) == (None, {"a:BTC-USD": "NO_PRICE"})


@given(st.fractions(min_value=-(10**40), max_value=10**40, max_denominator=10**60))
def test_rounding_is_off_by_half_a_place_at_the_most(value: Fraction) -> None:
    number = rounded(value)
    assert abs(Fraction(number) - value) <= Fraction(1, 2 * 10**PLACES)
    assert number == rounded(-value).copy_negate()
    assert "E" not in format(number, "f")


def test_a_half_is_rounded_away_from_zero() -> None:
    half = Fraction(1, 2 * 10**PLACES)
    assert rounded(half) == Decimal(1).scaleb(-PLACES)
    assert rounded(-half) == -Decimal(1).scaleb(-PLACES)
    assert str(rounded(Fraction(1200))) == "1200"


def test_medians() -> None:
    assert median([Fraction(3), Fraction(1), Fraction(2)]) == 2
    assert median([Fraction(4), Fraction(1)]) == Fraction(5, 2)


BTC_COIN, BTC_SHARE = Asset(AssetId(1), "BTC", AssetClass.CRYPTO), Asset(AssetId(2), "BTC", AssetClass.EQUITY)


def test_a_bare_code_is_the_coin_and_a_class_before_it_says_otherwise() -> None:
    both = [BTC_SHARE, BTC_COIN]
    assert AssetName.parse("BTC").choose(both) == BTC_COIN
    assert AssetName.parse("EQUITY:BTC").choose(both) == BTC_SHARE
    assert AssetName.parse("FIAT:BTC").choose(both) is None
    assert AssetName.parse("btc").choose(both) is None
    assert str(AssetName.parse("EQUITY:BTC")) == "EQUITY:BTC"


@pytest.mark.parametrize("text", ["", ":", "EQUITY:", ":BTC", "STOCK:BTC", "a:b:c"])
def test_what_names_no_asset_is_refused(text: str) -> None:
    with pytest.raises(InvalidAssetName, match="CRYPTO, FIAT, EQUITY, COMMODITY, INDEX"):
        AssetName.parse(text)

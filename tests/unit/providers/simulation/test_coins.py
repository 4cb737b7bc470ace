"""Coins as they are observed on a made-up market: in any currency, at any time, written as sources write numbers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from candlewick.domain.time import microseconds
from candlewick.providers.coingecko.simulator.coins import BITCOIN, COINS, REPERTOIRE
from candlewick.providers.simulation.coins import DAY, Observatory, changed, number
from candlewick.providers.simulation.exchange import Exchange
from candlewick.providers.simulation.faults import Faults
from markets import FrozenClock
from unit.providers.coingecko.wire import NOW

AT = microseconds(NOW)


def observatory(symbols: tuple[str, ...] = ("bitcoin", "ethereum", "dead-coin")) -> Observatory:
    faults = Faults(1)
    exchange = Exchange([REPERTOIRE.lively(7, symbols)], FrozenClock(NOW), faults.gone, faults.skew)
    return Observatory(exchange, COINS, BITCOIN)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("61000", "61000"), ("61000.50", "61000.5"), ("0.00001", "0.00001"), ("0.00000306", "3.06e-06"),
        ("1.42E+29", "1.42e+29"), ("917825524991", "917825524991"), ("-4.37931", "-4.37931"), ("1E+20", str(10**20)),
    ],
)  # fmt: skip
def test_numbers_are_written_as_sources_write_them(value: str, text: str) -> None:
    assert str(number(Decimal(value))) == text
    assert Decimal(text) == Decimal(value)
    assert number(None) is None


def test_a_price_is_that_of_the_last_trade_whoever_asks_for_it() -> None:
    seen = observatory()
    ether = seen.coins["ethereum"]
    moments = [AT - 40 * DAY, AT - DAY, AT]
    together = seen.seen(ether, "usd", moments)

    assert together == [seen.seen(ether, "usd", [moment])[0] for moment in moments]
    assert all(each is not None and each.ts <= moment for each, moment in zip(together, moments, strict=True))


def test_prices_in_bitcoins_are_what_the_market_says() -> None:
    seen = observatory()
    [ether], [bitcoin] = (seen.seen(seen.coins[name], "usd", [AT]) for name in ("ethereum", "bitcoin"))
    [in_bitcoins] = seen.seen(seen.coins["ethereum"], "btc", [AT])
    assert ether is not None
    assert bitcoin is not None
    assert in_bitcoins is not None

    assert abs(in_bitcoins.price * bitcoin.price / ether.price - 1) < Decimal("1e-15")
    assert seen.sees("btc")
    assert not observatory(("ethereum",)).sees("btc")
    assert not seen.sees("xyz")


def test_a_coin_that_is_gone_stays_at_its_last_price() -> None:
    seen = observatory()
    [now], [before] = (seen.seen(seen.coins["dead-coin"], "usd", [AT - ago]) for ago in (0, 30 * DAY))

    assert now == before is not None
    assert [coin.id for coin in seen.ranked()] == ["bitcoin", "ethereum"]


def test_before_the_first_trade_nothing_is_seen() -> None:
    seen = observatory()

    assert seen.seen(seen.coins["bitcoin"], "usd", [AT - timedelta(days=9_000) // timedelta(microseconds=1)]) == [None]


def test_a_change_is_in_percent() -> None:
    assert changed(Decimal(80), Decimal(100)) == Decimal("25.00000")
    assert changed(Decimal(100), Decimal("33.3333"), 2) == Decimal("-66.67")

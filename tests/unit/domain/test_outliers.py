"""Prices far from all others around them are found, however large or small the numbers are."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from candlewick.domain.batch import TradeBatch
from candlewick.domain.market import Side, Trade
from candlewick.domain.outliers import FEWEST, outliers

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def batch(*prices: str) -> TradeBatch:
    return TradeBatch.of([Trade(n, Decimal(price), Decimal(1), Side.BUY, NOW) for n, price in enumerate(prices)])


@pytest.mark.parametrize("scale", ["1", "1e-40", "123456789.0000000001", "1e30"])
def test_a_price_100_times_off_is_found_at_any_scale(scale: str) -> None:
    right = [str(Decimal(scale) * (100 + n)) for n in range(2 * FEWEST)]
    wrong = [str(Decimal(scale) * 10_500), str(Decimal(scale) * Decimal("1.05"))]
    assert outliers(batch(*right, *wrong)).tolist() == [False] * len(right) + [True, True]


def test_a_market_that_moves_has_none() -> None:
    assert not outliers(batch(*(str(100 * 2 ** (n / 8)) for n in range(20)))).any()


def test_too_few_trades_tell_nothing() -> None:
    assert not outliers(batch(*["1"] * (FEWEST - 2), "100")).any()
    assert not outliers(batch()).any()

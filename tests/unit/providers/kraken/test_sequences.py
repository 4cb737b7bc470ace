"""Trades without ids have sequences that are the same wherever they come."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.market import Side
from candlewick.providers.exact import Unreadable
from candlewick.providers.exact_json import Number
from candlewick.providers.kraken import payloads
from candlewick.providers.kraken.sequences import MadeSequences
from unit.providers.kraken.wire import OLD_ROW, changed, page, recorded_body, texts

PRICE, SIZE = Decimal("348.0"), Decimal("4.6")
BEGIN = Decimal("1557895726.2415")


def sequences(rows: list[Any]) -> list[int]:
    found: list[int] = payloads.trades(page(rows)).trades.sequence.tolist()
    return found


def test_they_are_never_a_trade_id_of_kraken() -> None:
    assert -(2**63) <= MadeSequences().make(BEGIN, PRICE, SIZE, Side.SELL) < 0


def test_they_rise_with_time() -> None:
    made = MadeSequences()

    assert made.make(BEGIN, PRICE, SIZE, Side.SELL) < made.make(BEGIN + Decimal("0.0001"), PRICE, SIZE, Side.SELL)


def test_how_a_number_is_written_does_not_matter() -> None:
    one, other = (MadeSequences().make(BEGIN, price, SIZE, Side.SELL) for price in (Decimal(348), Decimal("348.00")))

    assert one == other


def test_a_time_in_microseconds_is_the_same_as_one_in_tenths_of_milliseconds() -> None:
    fine = BEGIN + Decimal("0.000049")

    assert MadeSequences().make(fine, PRICE, SIZE, Side.BUY) == MadeSequences().make(BEGIN, PRICE, SIZE, Side.BUY)


def test_equal_trades_of_one_moment_are_two() -> None:
    twice = sequences([OLD_ROW, OLD_ROW])

    assert len(set(twice)) == 2
    assert twice == sequences([OLD_ROW, OLD_ROW])


def test_a_moment_that_no_sequence_can_have_is_refused() -> None:
    with pytest.raises(Unreadable, match="none that a trade without an id can have"):
        MadeSequences().make(Decimal(2**45), PRICE, SIZE, Side.BUY)


MOMENTS = st.integers(0, 60).map(lambda tick: Number(f"{Decimal(1557895726) + Decimal(tick) / 10}"))
ROWS = st.builds(
    lambda moment, price, side: changed(changed(changed(OLD_ROW, 2, moment), 0, price), 3, side),
    MOMENTS,
    st.integers(1, 10**9).map(lambda price: f"{price}.0"),
    st.sampled_from("bs"),
)


@given(st.lists(ROWS, max_size=40, unique_by=tuple), st.data())
def test_a_trade_has_the_same_sequence_in_whichever_page_it_comes(rows: list[Any], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(rows)))
    end = data.draw(st.integers(start, len(rows)))

    assert sequences(rows[start:end]) == sequences(rows)[start:end]


def test_recorded_trades_have_their_sequences_in_any_part_of_their_page() -> None:
    rows = texts(recorded_body("rest_recorded/Trades_BCHEUR_2019.json"))["BCHEUR"]
    rows = [changed(row, 2, Number(row[2])) for row in rows]
    whole = sequences(rows)

    assert whole == sorted(set(whole))
    for start in range(0, 1000, 90):
        assert sequences(rows[start : start + 150]) == whole[start : start + 150]

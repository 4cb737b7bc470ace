"""Scalars keep exactly what they accept and refuse the rest with a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from candlewick.domain.errors import InvalidInput
from candlewick.graphql import scalars


@pytest.mark.parametrize("value", ["1.5", "0", "-3", "67123.45000000", "9" * 30 + "." + "9" * 30])
def test_decimal_keeps_every_digit(value: str) -> None:
    assert scalars.serialize_decimal(scalars.parse_decimal(value)) == value


def test_decimal_takes_an_integer() -> None:
    assert scalars.parse_decimal(10**20) == Decimal(10**20)


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "1e9999999", "1e3", "", ".5", "1.", "١", "1\x00", 1.5, True, None, [], "9" * 31]
)
def test_decimal_refuses_what_is_none(value: object) -> None:
    with pytest.raises(InvalidInput, match="Decimal"):
        scalars.parse_decimal(value)


def test_decimal_text_goes_out_as_the_database_wrote_it() -> None:
    assert scalars.serialize_decimal("12.340000000000000000001000") == "12.340000000000000000001000"


def test_decimal_goes_out_without_an_exponent() -> None:
    assert scalars.serialize_decimal(Decimal("1E+3")) == "1000"
    assert scalars.serialize_decimal(Decimal("1E-8")) == "0.00000001"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-08-08T00:00:00Z", datetime(2024, 8, 8, tzinfo=UTC)),
        ("2024-08-08t02:00:00.5+02:00", datetime(2024, 8, 8, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("2024-08-08T00:00:00.123456z", datetime(2024, 8, 8, 0, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_datetime_becomes_utc(text: str, moment: datetime) -> None:
    assert scalars.parse_datetime(text) == moment


@pytest.mark.parametrize(
    "value",
    [
        "2024-08-08",
        "2024-08-08T00:00:00",
        "2024-08-08 00:00:00Z",
        "2024-08-08T00:00:00.1234567Z",
        "2024-13-08T00:00:00Z",
        "2024-08-08T23:59:60Z",
        "57111-01-01T00:00:00Z",
        "1799-12-31T23:59:59Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59Z",
        "٢٠٢٤-08-08T00:00:00Z",
        "2024-08-08T00:00:00Z\x00",
        1723075200,
        1723075200.5,
        None,
    ],
)
def test_datetime_refuses_what_is_none(value: object) -> None:
    with pytest.raises(InvalidInput, match="DateTime"):
        scalars.parse_datetime(value)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 8, 8, tzinfo=UTC), "2024-08-08T00:00:00Z"),
        (datetime(2024, 8, 8, microsecond=250_000, tzinfo=UTC), "2024-08-08T00:00:00.250Z"),
        (datetime(2024, 8, 8, microsecond=1, tzinfo=UTC), "2024-08-08T00:00:00.000001Z"),
        (datetime(2024, 8, 8, 5, tzinfo=timezone(timedelta(hours=5))), "2024-08-08T00:00:00Z"),
    ],
)
def test_datetime_goes_out_in_utc_as_short_as_is_exact(moment: datetime, text: str) -> None:
    assert scalars.serialize_datetime(moment) == text


@pytest.mark.parametrize("value", ["PT5M", "P1D", "P3M", "PT1H30M"])
def test_duration_is_read_and_written(value: str) -> None:
    assert str(scalars.parse_duration(value)) == value


@pytest.mark.parametrize("value", ["", "P", "PT", "5m", "PT0S", "P1M1D", "P99Y", "PT0.5S", "-PT5M", "PT5M\x00", 300])
def test_duration_refuses_what_is_none(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"Duration|duration"):
        scalars.parse_duration(value)


@pytest.mark.parametrize(("value", "number"), [("9007199254740993", 9007199254740993), (-5, -5), ("-0", 0)])
def test_bigint_is_exact(value: str | int, number: int) -> None:
    assert scalars.parse_bigint(value) == number


@pytest.mark.parametrize("value", [2**63, str(2**63), "1.0", 1.0, True, "", "0x10", None, "1" * 5000])
def test_bigint_refuses_what_does_not_fit(value: object) -> None:
    with pytest.raises(InvalidInput, match="BigInt"):
        scalars.parse_bigint(value)


CANDLES = """query Candles($range: TimeRange, $every: Duration!) {
  instrument(key: "binance:BTC-USDT") {
    candles(spec: {time: {every: $every}}, range: $range) { nodes { openTime } }
  }
}"""


@pytest.mark.parametrize(
    "variables",
    [
        {"every": "PT0S"},
        {"every": "PT5M", "range": {"from": "2024-08-08", "to": "2024-08-09T00:00:00Z"}},
        {"every": "PT5M", "range": {"from": 1723075200.5, "to": "2024-08-09T00:00:00Z"}},
        {"every": 1e300},
    ],
)
async def test_a_bad_value_in_a_variable_is_the_clients_fault(ask: Any, variables: dict[str, Any]) -> None:
    answer = await ask(CANDLES, **variables)
    assert "data" not in answer
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize(
    "literal",
    ['"2024-08-08"', '"2024-08-08T00:00:00"', "1723075200", "1.5", "true", '"57111-01-01T00:00:00Z"', '"\\u0000"'],
)
async def test_a_bad_value_in_the_document_is_the_clients_fault(ask: Any, literal: str) -> None:
    query = """{ instrument(key: "binance:BTC-USDT") {
      trades(range: {from: MOMENT, to: "2024-08-09T00:00:00Z"}) { nodes { price } }
    } }"""
    answer = await ask(query.replace("MOMENT", literal))
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "DateTime" in error["message"]

"""What is odd about the ECB's rates and about Frankfurter, one test each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.market import InstrumentStatus
from candlewick.domain.quote import Quote
from candlewick.domain.raw import Payload
from candlewick.providers.ecb import payloads
from candlewick.providers.ecb.listing import published_at
from unit.providers.ecb.wire import (
    DAY,
    HISTORIC,
    NEWEST,
    RANGE,
    RECEIVED,
    RECORDS,
    answer,
    history,
    latest,
    zipped,
)

V2 = "/v2/rates?base=EUR&providers=ECB"


def prices(payload: Payload, currency: str = "USD") -> list[tuple[date, str]]:
    return [(quote.ts.date(), str(quote.price)) for quote in payloads.quotes(payload)[currency].quotes]


@pytest.mark.parametrize(
    ("day", "hour"), [(date(2024, 1, 2), 15), (date(2024, 7, 2), 14), (date(2024, 3, 28), 15), (date(2024, 4, 2), 14)]
)
def test_rates_are_of_16_00_in_frankfurt_in_summer_and_winter(day: date, hour: int) -> None:
    assert published_at(day) == datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def test_the_history_is_newest_first() -> None:
    assert [day for day, _ in prices(history())] == [date(2026, 4, 13), date(2026, 4, 10), date(2004, 12, 31)]


def test_n_a_is_no_rate() -> None:
    assert prices(history(), "BGN") == [(date(2004, 12, 31), "1.9559")]


def test_a_trailing_comma_is_no_currency() -> None:
    assert list(payloads.quotes(history())) == ["USD", "JPY", "BGN", "TRL"]
    assert list(payloads.quotes(latest())) == ["USD", "JPY", "IDR"]


def test_the_newest_file_writes_its_date_in_words_and_blanks_behind_commas() -> None:
    assert prices(latest(), "IDR") == [(date(2026, 4, 13), "20082.05")]
    assert prices(latest(NEWEST.replace("13 April 2026", "02 December 2016"))) == [(date(2016, 12, 2), "1.1684")]


def test_digits_that_end_in_zero_are_kept_as_written() -> None:
    assert prices(latest(NEWEST.replace("1.1684", "1.1680"))) == [(date(2026, 4, 13), "1.1680")]


def test_a_currency_that_ended_stays_with_its_status() -> None:
    statuses = {each.symbol: each.status for each in payloads.listings(history())}
    assert statuses == {
        "USD": InstrumentStatus.TRADING, "JPY": InstrumentStatus.TRADING,
        "BGN": InstrumentStatus.DELISTED, "TRL": InstrumentStatus.DELISTED,
    }  # fmt: skip


def test_the_newest_day_decides_wherever_it_stands() -> None:
    lines = HISTORIC.splitlines()
    turned = "\n".join([lines[0], *reversed(lines[1:])])
    assert payloads.listings(history(turned)) == payloads.listings(history())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2026-04-09,1.1", "it has 2 cells where the header has 5"),
        ("2026-02-30,1,1,1,1,", "date '2026-02-30' is in no calendar"),
        ("9 Avril 2026,1,1,1,1,", "date '9 Avril 2026' is none"),
        ("<br>,1,1,1,1,", "date '<br>' is none"),
    ],
)
def test_a_line_that_is_none_is_rejected_and_the_rest_is_read(line: str, reason: str) -> None:
    found = payloads.quotes(history(HISTORIC + line + "\n"))
    assert len(found["USD"].quotes) == 3
    [rejected] = found[""].rejected
    assert (rejected.row, rejected.reason) == (5, reason)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("0", "price 0 is not above zero"),
        ("-1.5", "price -1.5 is not above zero"),
        ("n.a.", "rate 'n.a.' is no decimal number"),
    ],
)
def test_a_cell_that_is_no_rate_is_rejected_for_its_currency(cell: str, reason: str) -> None:
    found = payloads.quotes(history(HISTORIC.replace("186.75", cell)))
    [rejected] = found["JPY"].rejected
    assert (rejected.row, rejected.text, rejected.reason) == (2, f"2026-04-13: JPY {cell}", reason)
    assert len(found["JPY"].quotes) == 2


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"PK\x03\x04 cut", zipped("Date"), zipped("x\ny"), b"{}"])
def test_something_else_than_a_table_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        payloads.quotes(Payload("ecb", "/stats/eurofxref/eurofxref-hist.zip", body, RECEIVED))


def test_a_zip_bomb_is_malformed() -> None:
    with pytest.raises(MalformedPayload, match="zip bomb"):
        payloads.quotes(history(HISTORIC + "0" * (80 * 1024 * 1024)))


def test_a_line_without_an_end_is_malformed() -> None:
    with pytest.raises(MalformedPayload, match="line 5 is longer"):
        payloads.quotes(history(HISTORIC + "0" * (1024 * 1024)))


def test_a_weekend_is_answered_with_the_last_business_day() -> None:
    saturday = answer(DAY, "/v1/2026-04-11?base=EUR")
    assert prices(saturday) == [(date(2026, 4, 10), "1.1711")]


def test_a_range_of_frankfurter_begins_with_the_business_day_before() -> None:
    assert [day for day, _ in prices(answer(RANGE))] == [date(2026, 4, 9), date(2026, 4, 10), date(2026, 4, 13)]


@pytest.mark.parametrize(
    ("old", "new"), [('"base":"EUR"', '"base":"USD"'), ('"amount":1.0', '"amount":100.0'), ('"base":"EUR",', "")]
)
def test_what_frankfurter_computed_is_not_taken(old: str, new: str) -> None:
    with pytest.raises(MalformedPayload, match="its rates are computed"):
        payloads.quotes(answer(RANGE.replace(old, new)))


@pytest.mark.parametrize("amount", ['"amount":1,', '"amount":1.00,', ""])
def test_an_amount_of_one_may_be_left_out(amount: str) -> None:
    assert len(prices(answer(RANGE.replace('"amount":1.0,', amount)))) == 3


def test_json_numbers_lose_no_digit() -> None:
    found = payloads.quotes(answer(DAY.replace("1.1711", "1.17110000000000000000000000001"), "/v1/latest"))
    assert found["USD"].quotes == [Quote(published_at(date(2026, 4, 10)), Decimal("1.17110000000000000000000000001"))]


def test_version_2_is_a_list_or_lines() -> None:
    lines = RECORDS[1:-1].replace("},{", "}\n{")
    for body in (RECORDS, lines, lines + "\n"):
        assert prices(answer(body, V2), "IDR") == [(date(2026, 4, 13), "20082.05")]


@pytest.mark.parametrize("endpoint", ["/v2/rates?base=EUR", "/v2/rates?providers=ECB,BOC", "/v2/rates?providers=CBR"])
def test_version_2_is_a_blend_unless_the_ecb_was_asked(endpoint: str) -> None:
    with pytest.raises(MalformedPayload, match="a blend"):
        payloads.quotes(answer(RECORDS, endpoint))


def test_a_record_of_another_base_is_rejected() -> None:
    found = payloads.quotes(answer(RECORDS.replace('"EUR"', '"USD"', 1), V2))
    [rejected] = found[""].rejected
    assert (rejected.row, rejected.reason) == (1, "it is no price of the euro")
    assert "IDR" in found

"""What is odd about Alpha Vantage, one test each."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from candlewick.domain.errors import InvalidInstrumentKey, MalformedPayload, RateLimited, SourceRefused
from candlewick.domain.market import AssetClass, InstrumentKey
from candlewick.domain.quote import QuoteLines
from candlewick.providers.alphavantage import listing, prices, search, series
from candlewick.providers.alphavantage.rest import objection
from candlewick.providers.alphavantage.times import closed_at, settled_at
from unit.providers.alphavantage.wire import (
    BAD_CALL,
    BURST,
    COTTON,
    DAILY,
    FX,
    NO_KEY,
    OIL,
    OLD_NOTE,
    PREMIUM_ENDPOINT,
    PREMIUM_SIZE,
    ROW,
    USED_UP,
    changed,
    payload,
)

KEY = "DEM0K3Y0DEM0K3Y0"
SERIES = "Time Series (Daily)"
AFTERNOON = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)


def quotes_of(document: object, function: str = "WTI", received_at: datetime | None = None) -> QuoteLines:
    page = payload(document, function) if received_at is None else payload(document, function, received_at)
    [(symbol, lines)] = prices.commodity(page).items()
    assert symbol == f"commodity/{function}"
    return lines


@pytest.mark.parametrize(
    ("name", "text", "seconds"),
    [("Information", BURST, 60), ("Note", OLD_NOTE, 60), ("Information", USED_UP, 3600), ("Note", USED_UP, 3600)],
    ids=["a burst", "the old note", "the day", "the day as a note"],
)
def test_a_note_with_status_200_is_a_limit(name: str, text: str, seconds: float) -> None:
    error = objection(json.dumps({name: text}).encode())
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


@pytest.mark.parametrize("text", [PREMIUM_ENDPOINT, PREMIUM_SIZE], ids=["endpoint", "size"])
def test_information_about_premium_plans_is_a_refusal_with_advice(text: str) -> None:
    error = objection(json.dumps({"Information": text}).encode())
    assert isinstance(error, SourceRefused)
    assert "sources.alphavantage.plan" in error.reason


@pytest.mark.parametrize("name", ["Error Message", "Information"])
def test_a_key_that_is_not_accepted_is_a_refusal_with_advice(name: str) -> None:
    error = objection(json.dumps({name: NO_KEY}).encode())
    assert isinstance(error, SourceRefused)
    assert "sources.alphavantage.api_key" in error.reason


def test_an_error_message_with_status_200_is_a_refusal() -> None:
    error = objection(json.dumps({"Error Message": BAD_CALL}).encode())
    assert isinstance(error, SourceRefused)
    assert error.reason.startswith("Invalid API call")


@pytest.mark.parametrize("text", [USED_UP, f"We like {KEY} not", f"apikey {KEY}"])
@pytest.mark.parametrize("name", ["Note", "Information", "Error Message"])
def test_a_key_that_an_error_quotes_is_shown_to_nobody(name: str, text: str) -> None:
    error = objection(json.dumps({name: text}).encode())
    assert error is not None
    assert KEY not in str(error)


@pytest.mark.parametrize("document", [DAILY, OIL, {}, [], {"Global Quote": {}}, {**DAILY, "Information": "hello"}])
def test_an_answer_is_no_error(document: object) -> None:
    assert objection(json.dumps(document).encode()) is None


def test_today_is_unfinished_and_left_out() -> None:
    _, lines = series.days(payload(DAILY))
    assert ([each.day.day for each in lines.candles], lines.rejected) == ([23, 20], [])


@pytest.mark.parametrize(
    ("received_at", "days"),
    [(datetime(2026, 11, 25, 4, 59, tzinfo=UTC), [23, 20]), (datetime(2026, 11, 25, 5, 0, tzinfo=UTC), [24, 23, 20])],
)
def test_today_is_today_in_new_york(received_at: datetime, days: list[int]) -> None:
    _, lines = series.days(payload(DAILY, received_at=received_at))
    assert [each.day.day for each in lines.candles] == days


def test_a_day_in_the_future_is_rejected() -> None:
    _, lines = series.days(payload({**DAILY, SERIES: {"2026-11-25": ROW, "2026-11-23": ROW}}))
    assert (len(lines.candles), [each.reason for each in lines.rejected]) == (
        1, ["its day is in the future: it was 2026-11-24 there"]
    )  # fmt: skip


def test_values_are_texts_and_keep_each_digit() -> None:
    _, lines = series.days(payload(DAILY))
    candle = lines.candles[0]
    assert [str(each) for each in (candle.open, candle.high, candle.low, candle.close, candle.volume)] == list(
        ROW.values()
    )


def test_a_number_that_was_a_float_is_rejected() -> None:
    _, lines = series.days(payload({**DAILY, SERIES: {"2026-11-20": {**ROW, "4. close": 230.1}}}))
    [rejected] = lines.rejected
    assert (rejected.row, rejected.reason) == (1, "close 230.1 is no text of a number")
    assert json.loads(rejected.text)["2026-11-20"]["4. close"] == 230.1


def test_days_of_currencies_have_no_volume() -> None:
    symbol, lines = series.days(payload(FX, "FX_DAILY"))
    assert (symbol, lines.candles[0].volume, str(lines.candles[0].close)) == ("EUR/USD", None, "1.15310")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({}, "its time zone None is none that we know"),
        (changed(DAILY, "Meta Data", Time_Zone="Asia/Kolkata"), "its time zone 'Asia/Kolkata' is none that we know"),
        ({"Meta Data": DAILY["Meta Data"]}, "it has no series"),
        (changed(DAILY, "Meta Data", Symbol=None), "it does not say whose it is"),
        ([], "it is no object"),
        (b"<html>", "it is no JSON"),
    ],
)
def test_something_else_than_a_series_is_malformed(document: object, reason: str) -> None:
    with pytest.raises(MalformedPayload, match=reason):
        series.days(payload(document))


def test_minutes_of_another_width_are_malformed() -> None:
    intraday = changed(DAILY, "Meta Data", Interval="5min")
    with pytest.raises(MalformedPayload, match="its interval is not 1min"):
        series.minutes(payload(intraday))


@pytest.mark.parametrize("text", ["2026-11-01 01:30:00", "2026-03-08 02:30:00"])
def test_a_minute_that_the_clock_showed_twice_or_never_is_rejected(text: str) -> None:
    intraday = changed({**DAILY, SERIES: {text: ROW}}, "Meta Data", Interval="1min")
    _, lines = series.minutes(payload(intraday))
    assert "the clock was changed" in lines.rejected[0].reason


def test_a_price_of_commodities_is_of_the_evening_of_its_day() -> None:
    lines = quotes_of(OIL)
    assert [(quote.ts, str(quote.price)) for quote in lines.quotes] == [
        (datetime(2026, 11, 23, 22, 0, tzinfo=UTC), "60.55")
    ]


def test_a_point_is_no_price_and_today_is_not_over() -> None:
    assert len(quotes_of(OIL).quotes) == len(OIL["data"]) - 2
    evening = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
    assert len(quotes_of(OIL, received_at=evening).quotes) == len(OIL["data"]) - 1


def test_an_average_of_a_month_is_known_when_the_month_is_over() -> None:
    [quote] = quotes_of(COTTON, "COTTON").quotes
    assert quote.ts == datetime(2026, 10, 31, 21, 0, tzinfo=UTC)


def test_cents_become_dollars_and_keep_each_digit() -> None:
    [quote] = quotes_of(COTTON, "COTTON").quotes
    assert str(quote.price) == "0.8056521739"


@pytest.mark.parametrize(
    ("field", "value"), [("unit", "index 2016 = 100"), ("unit", None), ("interval", "hourly"), ("data", {})]
)
def test_a_unit_or_an_interval_that_we_do_not_know_is_malformed(field: str, value: object) -> None:
    with pytest.raises(MalformedPayload, match="no series of days or months in dollars or cents"):
        prices.commodity(payload({**OIL, field: value}, "WTI"))


def test_the_negative_oil_price_of_april_2020_is_rejected_with_its_reason() -> None:
    lines = quotes_of({**OIL, "data": [{"date": "2020-04-20", "value": "-36.98"}]})
    assert (lines.quotes, [each.reason for each in lines.rejected]) == ([], ["price -36.98 is not above zero"])


@pytest.mark.parametrize(
    ("interval", "day", "known"),
    [
        ("daily", date(2024, 7, 4), datetime(2024, 7, 4, 21, tzinfo=UTC)),
        ("weekly", date(2024, 1, 1), datetime(2024, 1, 5, 22, tzinfo=UTC)),
        ("monthly", date(2024, 2, 1), datetime(2024, 2, 29, 22, tzinfo=UTC)),
        ("monthly", date(2024, 12, 1), datetime(2024, 12, 31, 22, tzinfo=UTC)),
    ],
)
def test_the_evening_is_new_yorks_in_summer_and_winter(interval: str, day: date, known: datetime) -> None:
    assert settled_at(day, interval) == known


def test_a_quote_is_of_the_close_or_of_now_while_the_exchange_is_open() -> None:
    quote = {"Global Quote": {"01. symbol": "IBM", "05. price": "230.1", "07. latest trading day": "2026-11-24"}}
    open_now, closed = (prices.share(payload(quote, "GLOBAL_QUOTE", at)) for at in (payload({}).received_at, AFTERNOON))
    assert open_now["IBM"].quotes[0].ts == payload({}).received_at
    assert closed["IBM"].quotes[0].ts == closed_at(date(2026, 11, 24)) == datetime(2026, 11, 24, 21, tzinfo=UTC)


def test_a_symbol_that_nobody_knows_has_an_empty_quote() -> None:
    assert prices.share(payload({"Global Quote": {}}, "GLOBAL_QUOTE")) == {}


def test_bid_and_ask_may_be_a_dash() -> None:
    rate = {
        "Realtime Currency Exchange Rate": {
            "1. From_Currency Code": "EUR", "3. To_Currency Code": "USD", "5. Exchange Rate": "1.15310000",
            "6. Last Refreshed": "2026-11-24 14:59:01", "7. Time Zone": "UTC",
            "8. Bid Price": "1.15305000", "9. Ask Price": "-",
        }
    }  # fmt: skip
    [quote] = prices.rate(payload(rate, "CURRENCY_EXCHANGE_RATE"))["EUR/USD"].quotes
    assert (quote.price, quote.bid, quote.ask) == (Decimal("1.15310000"), Decimal("1.15305000"), None)


def test_a_share_that_is_called_like_a_commodity_or_a_currency_has_another_key() -> None:
    assert str(listing.share("WTI", "USD", None).key) == "alphavantage:WTI.EQ-USD"
    assert str(listing.share("BTC", "USD", None).key) == "alphavantage:BTC.EQ-USD"
    assert str(listing.share("WTI", "EUR", None).key) == "alphavantage:WTI-EUR"
    assert listing.keyword(InstrumentKey("alphavantage", "WTI.EQ", "USD")) == "WTI"


@pytest.mark.parametrize(
    ("text", "symbol", "asset_class"),
    [
        ("alphavantage:WTI-USD", "commodity/WTI", AssetClass.COMMODITY),
        ("alphavantage:EUR-USD", "EUR/USD", AssetClass.FIAT),
        ("alphavantage:BTC-CNY", "BTC/CNY", AssetClass.CRYPTO),
    ],
)
def test_currencies_and_commodities_need_no_search(text: str, symbol: str, asset_class: AssetClass) -> None:
    found = listing.known(InstrumentKey.parse(text))
    assert found is not None
    assert (found.symbol, found.base_class) == (symbol, asset_class)


@pytest.mark.parametrize("text", ["alphavantage:AAPL-USD", "alphavantage:USD-USD", "alphavantage:WTI-EUR"])
def test_all_else_is_searched_for(text: str) -> None:
    assert listing.known(InstrumentKey.parse(text)) is None


def test_a_hyphen_in_a_symbol_becomes_a_point_in_its_key() -> None:
    found = listing.share("BRK-B", "USD", "Berkshire Hathaway Inc.")
    assert (str(found.key), found.symbol) == ("alphavantage:BRK.B-USD", "BRK-B")


def test_pence_are_not_pounds() -> None:
    match = {"1. symbol": "TSCO.LON", "2. name": "Tesco PLC", "3. type": "Equity", "8. currency": "GBX"}
    [found] = search.listings(payload({"bestMatches": [match]}, "SYMBOL_SEARCH"))
    assert found.key.quote == "GBX"


def test_what_is_no_share_is_left_out_of_what_was_found() -> None:
    matches = [
        {"1. symbol": "X", "3. type": "Bond", "8. currency": "USD"},
        {"1. symbol": "A B", "3. type": "ETF", "8. currency": "USD"},
        7,
    ]
    assert search.listings(payload({"bestMatches": matches}, "SYMBOL_SEARCH")) == []
    with pytest.raises(InvalidInstrumentKey):
        listing.share("A B", "USD", None)

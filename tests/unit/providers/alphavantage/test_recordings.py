"""Every recording of Alpha Vantage is read with no row unaccounted for, its values as they stand in the file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from candlewick.domain.market import AssetClass
from candlewick.domain.quote import Quote
from candlewick.providers.alphavantage.reader import AlphaVantageReader
from candlewick.providers.alphavantage.rest import objection
from unit.providers.alphavantage.wire import recorded

READ = AlphaVantageReader().read


def test_every_recorded_minute_is_stored_digit_for_digit() -> None:
    page = recorded("mock_time_series.json", "TIME_SERIES_INTRADAY")
    rows = json.loads(page.body)["Time Series (1min)"]
    [(symbol, lines)] = READ(page).candles.items()

    assert (symbol, len(rows), len(lines.candles), lines.rejected) == ("MSFT", 100, 100, [])
    for candle, (text, row) in zip(lines.candles, rows.items(), strict=True):
        local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))
        assert candle.open_time == local.astimezone(UTC)
        assert [str(each) for each in (candle.open, candle.high, candle.low, candle.close, candle.volume)] == list(
            row.values()
        )
    assert lines.candles[0].open_time == datetime(2017, 12, 18, 19, 56, tzinfo=UTC)


def test_the_recorded_quote_is_of_the_close_of_its_day() -> None:
    quotes = READ(recorded("global_quote.json", "GLOBAL_QUOTE")).quotes
    [(symbol, lines)] = quotes.items()
    assert (symbol, lines.rejected) == ("MSFT", [])
    assert lines.quotes == [Quote(datetime(2018, 10, 5, 20, 0, tzinfo=UTC), price=Decimal("112.1300"))]
    assert str(lines.quotes[0].price) == "112.1300"


def test_the_recorded_exchange_rate_is_of_its_own_moment() -> None:
    quotes = READ(recorded("mock_foreign_exchange.json", "CURRENCY_EXCHANGE_RATE")).quotes
    [(symbol, lines)] = quotes.items()
    assert (symbol, lines.rejected) == ("BTC/CNY", [])
    [quote] = lines.quotes
    assert (quote.ts, str(quote.price)) == (datetime(2017, 12, 20, 19, 23, 21, tzinfo=UTC), "109631.43060700")


def test_every_recorded_match_is_listed() -> None:
    page = recorded("symbol_search.json", "SYMBOL_SEARCH")
    matches = json.loads(page.body)["bestMatches"]
    listings = READ(page).listings
    assert [each.symbol for each in listings] == [match["1. symbol"] for match in matches]
    assert {each.base_class for each in listings} == {AssetClass.EQUITY}
    assert [(str(each.key), each.base_name) for each in listings][:4:3] == [
        ("alphavantage:BA-USD", "The Boeing Company"), ("alphavantage:6190.HKG-HKD", "Bank of Jiujiang Co. Ltd.")
    ]  # fmt: skip


def test_no_recording_is_taken_for_an_error() -> None:
    for name in ("mock_time_series.json", "global_quote.json", "mock_foreign_exchange.json", "symbol_search.json"):
        assert objection(recorded(name, "").body) is None

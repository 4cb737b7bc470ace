"""What is odd about CoinPaprika, each with a test of its own."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from candlewick.domain.errors import MalformedPayload, RateLimited, SourceRefused, SourceUnavailable
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.providers.coinpaprika.quotes import CoinPaprikaQuotes
from candlewick.providers.coinpaprika.reader import CoinPaprikaReader
from candlewick.providers.coinpaprika.rest import objection
from source_doubles import Script, client
from unit.providers.coinpaprika.wire import FIGURES, NOW, POINT, TICKER, answer, instrument

TICKERS = "/v1/tickers?quotes=USD"
HISTORY = "/v1/tickers/btc-bitcoin/historical?start=1&interval=1d&quote=usd"


def lines_of(ticker: Any) -> QuoteLines:
    return CoinPaprikaReader().read(answer(TICKERS, [ticker])).quotes["btc-bitcoin/usd"]


def past(*points: Any, endpoint: str = HISTORY) -> QuoteLines:
    [lines] = CoinPaprikaReader().read(answer(endpoint, list(points))).quotes.values()
    return lines


def with_figures(**figures: Any) -> dict[str, Any]:
    return TICKER | {"quotes": {"USD": FIGURES | figures}}


@pytest.mark.parametrize("missing", ["", None])
def test_missing_values_are_returned_as_empty_string(missing: str | None) -> None:
    [quote] = lines_of(with_figures(market_cap=missing, volume_24h=missing, percent_change_24h=missing)).quotes

    assert quote == Quote(NOW - timedelta(seconds=98), Decimal("41389.57"))
    [quote] = lines_of(TICKER | {"last_updated": missing}).quotes
    assert quote.ts == NOW


def test_a_ticker_of_which_everything_is_missing_is_accounted_for() -> None:
    lines = lines_of(TICKER | {"quotes": {"USD": {"price": "", "volume_24h": None}}})

    assert (list(lines.quotes), [each.reason for each in lines.rejected]) == ([], ["it says nothing"])


@pytest.mark.parametrize(
    ("ticker", "said"),
    [
        (with_figures(price="41389.57"), "price '41389.57' is no number"),
        (with_figures(price=0), "price 0 is not above zero"),
        (with_figures(market_cap=-1), "market_cap -1 is below zero"),
        (TICKER | {"last_updated": "yesterday"}, "last_updated 'yesterday' is no time"),
        (TICKER | {"last_updated": "1970-01-01T00:00:00Z"}, "is no time between 2009 and tomorrow"),
        (TICKER | {"last_updated": []}, "is no time in ISO 8601"),
        (TICKER | {"quotes": {"USD": 7}}, "its quote is no object"),
    ],
)
def test_a_ticker_that_is_none_is_rejected_with_its_reason(ticker: Any, said: str) -> None:
    lines = lines_of(ticker)

    assert list(lines.quotes) == []
    assert said in lines.rejected[0].reason


@pytest.mark.parametrize("row", [7, {}, TICKER | {"id": ""}, TICKER | {"quotes": []}])
def test_a_row_that_is_of_no_coin_is_rejected(row: Any) -> None:
    found = CoinPaprikaReader().read(answer(TICKERS, [row, TICKER])).quotes

    assert [rejected.row for rejected in found[""].rejected] == [1]
    assert len(found["btc-bitcoin/usd"].quotes) == 1


def test_a_ticker_in_several_currencies_is_several_quotes() -> None:
    ticker = TICKER | {"quotes": {"USD": FIGURES, "BTC": FIGURES | {"price": 1}}}
    found = CoinPaprikaReader().read(answer("/v1/tickers/btc-bitcoin?quotes=USD,BTC", ticker)).quotes

    assert {symbol: lines.quotes[0].price for symbol, lines in found.items()} == {
        "btc-bitcoin/usd": Decimal("41389.57"), "btc-bitcoin/btc": Decimal(1)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("interval", "timestamp", "over"),
    [
        ("1d", "2026-11-24T00:00:00Z", False),
        ("1d", "2026-11-23T12:00:01Z", False),
        ("1d", "2026-11-23T12:00:00Z", True),
        ("1d", "2026-11-23T00:00:00Z", True),
        ("1h", "2026-11-24T11:00:00Z", True),
        ("5m", "2026-11-24T11:56:00Z", False),
    ],
)
def test_the_current_day_is_unfinished_and_left_out(interval: str, timestamp: str, over: bool) -> None:
    lines = past(POINT | {"timestamp": timestamp}, endpoint=HISTORY.replace("1d", interval))

    assert (len(lines.quotes), lines.rejected) == (over, [])


def test_points_of_the_past_are_quotes() -> None:
    [quote] = past(POINT).quotes

    assert (str(quote.price), str(quote.volume_24h), str(quote.market_cap)) == ("855.53", "1968587956", "83761787514")
    lines = past(POINT, 7, POINT | {"timestamp": None})
    assert [(each.row, each.reason) for each in lines.rejected] == [
        (2, "it is no object"), (3, "timestamp None is no time in ISO 8601 and UTC")
    ]  # fmt: skip


def test_points_of_unknown_width_cannot_be_told_from_unfinished_ones() -> None:
    with pytest.raises(MalformedPayload, match="how far points are apart"):
        past(POINT, endpoint="/v1/tickers/btc-bitcoin/historical?start=1")


async def refusal(response: httpx.Response) -> Exception:
    http, _, _ = client(Script([response]), objection=objection)
    with pytest.raises((SourceRefused, SourceUnavailable)) as caught:
        await CoinPaprikaQuotes(http).pages([instrument()])
    return caught.value


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, SourceRefused),
        (402, SourceRefused),
        (429, RateLimited),
        (500, SourceUnavailable),
        (200, SourceUnavailable),
    ],
)
async def test_errors_say_why(status: int, error: type[Exception]) -> None:
    caught = await refusal(httpx.Response(status, json={"error": "because"}))

    assert type(caught) is error
    assert "because" in str(caught)


async def test_a_trailing_slash_is_redirected_and_never_sent() -> None:
    script = Script([httpx.Response(301, headers={"Location": "/v1/tickers/btc-bitcoin"})])
    http, _, _ = client(script)

    with pytest.raises(SourceRefused, match="it redirects to /v1/tickers/btc-bitcoin"):
        await CoinPaprikaQuotes(http).pages([instrument()])
    assert not script.requests[0].url.path.endswith("/")


async def test_a_coin_that_is_not_known_keeps_no_other_from_being_asked_for() -> None:
    script = Script([httpx.Response(404, json={"error": "id not found"}), httpx.Response(200, json=TICKER)])
    http, _, _ = client(script)

    with capture_logs() as logs:
        payloads = await CoinPaprikaQuotes(http).pages([instrument("gone"), instrument()])

    assert [payload.endpoint for payload in payloads] == ["/v1/tickers/btc-bitcoin?quotes=USD"]
    assert ("quote_refused", "gone", "id not found") in [
        (entry["event"], entry.get("symbol"), entry.get("reason")) for entry in logs
    ]

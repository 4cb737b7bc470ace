"""Payloads that something has damaged: nothing crashes, and each row is stored, rejected or left out for a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.providers.alphavantage import prices, search, series
from candlewick.providers.alphavantage.reader import AlphaVantageReader
from candlewick.providers.alphavantage.rest import objection
from candlewick.providers.exact_json import written
from mutations import DAMAGED, mutated
from unit.providers.alphavantage.wire import BURST, COTTON, DAILY, FX, OIL, payload

QUOTE = {"Global Quote": {"01. symbol": "IBM", "05. price": "230.1", "07. latest trading day": "2026-11-24"}}
RATE = {
    "Realtime Currency Exchange Rate": {
        "1. From_Currency Code": "EUR", "3. To_Currency Code": "USD", "5. Exchange Rate": "1.1531",
        "6. Last Refreshed": "2026-11-24 14:59:01", "7. Time Zone": "UTC", "8. Bid Price": "1.15", "9. Ask Price": "-",
    }
}  # fmt: skip
MATCHES = {"bestMatches": [{"1. symbol": "BA", "2. name": "Boeing", "3. type": "Equity", "8. currency": "USD"}] * 2}
MINUTES = {**DAILY, "Meta Data": {**DAILY["Meta Data"], "4. Interval": "1min"}}
READERS: dict[str, tuple[Callable[[Payload], Any], Any]] = {
    "days": (series.days, DAILY),
    "currencies": (series.days, FX),
    "minutes": (series.minutes, MINUTES),
    "oil": (prices.commodity, OIL),
    "cotton": (prices.commodity, COTTON),
    "share": (prices.share, QUOTE),
    "rate": (prices.rate, RATE),
    "search": (search.listings, MATCHES),
}
FUNCTIONS = st.sampled_from(
    ["TIME_SERIES_DAILY", "TIME_SERIES_INTRADAY", "FX_DAILY", "WTI", "GLOBAL_QUOTE", "SYMBOL_SEARCH", "X"]
)


def check(rejected: Iterable[Rejected]) -> int:
    """How many there are; each can be stored as text."""
    return len([each.text.encode() + each.reason.encode() for each in rejected])


@pytest.mark.parametrize("name", READERS)
@DAMAGED
@given(data=st.data())
def test_a_damaged_answer_is_read_or_malformed(name: str, data: st.DataObject) -> None:
    read, whole = READERS[name]
    document = mutated(whole, data.draw)
    page = payload(written(document).encode("utf-8", "surrogatepass"), "WTI")
    try:
        found = read(page)
    except MalformedPayload:
        return
    if name in {"days", "currencies", "minutes"}:
        rows = next(rows for part, rows in document.items() if part.startswith("Time Series"))
        stored = len(found[1].candles)
        left_out = len(rows) - stored - check(found[1].rejected)
        assert 0 <= left_out <= 1
    elif name in {"oil", "cotton"}:
        [lines] = found.values()
        assert len(lines.quotes) + check(lines.rejected) <= len(document["data"])
    elif name != "search":
        assert sum(len(lines.quotes) + check(lines.rejected) for lines in found.values()) <= 1


@DAMAGED
@given(body=st.binary(max_size=200), function=FUNCTIONS)
def test_bytes_of_any_kind_are_malformed(body: bytes, function: str) -> None:
    with pytest.raises(MalformedPayload):
        AlphaVantageReader().read(payload(body, function))


@DAMAGED
@given(data=st.data())
def test_a_damaged_error_is_an_error_or_none(data: st.DataObject) -> None:
    document = mutated({"Information": BURST, "Error Message": "no"}, data.draw)
    try:
        body = orjson.dumps(document)
    except TypeError:
        return
    assert str(objection(body))

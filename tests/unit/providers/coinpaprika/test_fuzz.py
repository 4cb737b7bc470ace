"""Answers that something has damaged: nothing crashes, and each row is stored or rejected."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.providers import answers
from candlewick.providers.coinpaprika.reader import CoinPaprikaReader
from candlewick.providers.coinpaprika.rest import objection
from candlewick.providers.exact_json import Number, written
from mutations import DAMAGED, mutated
from unit.providers.coinpaprika.wire import COIN, FIGURES, NOW, POINT, TICKER

EXACT = FIGURES | {"price": Number("41389.57931641128")}
TWO = TICKER | {"quotes": {"USD": EXACT, "BTC": EXACT}}
ANSWERS: dict[str, Any] = {
    "/v1/tickers?quotes=USD,BTC": [TWO, TICKER | {"id": "eth-ethereum"}],
    "/v1/tickers/btc-bitcoin?quotes=USD,BTC": TWO,
    "/v1/tickers/btc-bitcoin/historical?interval=1d": [POINT, POINT | {"timestamp": "2026-11-21T00:00:00Z"}],
    "/v1/coins": [COIN, COIN | {"id": "eth-ethereum", "symbol": "ETH"}],
}


@pytest.mark.parametrize("endpoint", ANSWERS)
@DAMAGED
@given(data=st.data())
def test_a_damaged_answer_is_read_or_malformed(endpoint: str, data: st.DataObject) -> None:
    document = mutated(ANSWERS[endpoint], data.draw)
    body = written(document).encode()

    if answers.not_json(body) is None:
        objection(body)
    try:
        found = CoinPaprikaReader().read(Payload("coinpaprika", endpoint, body, NOW))
    except MalformedPayload:
        return
    rejected = [each for lines in found.quotes.values() for each in lines.rejected]
    for each in rejected:
        assert each.text.encode()
        assert each.reason.encode()
    quotes = sum(len(lines.quotes) for lines in found.quotes.values())
    if "historical" in endpoint:
        assert quotes + len(rejected) <= len(document)
    elif "quotes=" in endpoint:
        rows = document if isinstance(document, list) else [document]
        assert quotes + len(rejected) == sum(map(_expected, rows))
    for listing in found.listings:
        assert listing.key.venue == "coinpaprika"


def _expected(row: Any) -> int:
    """Quotes in a row, or the row itself if it is of no coin."""
    quotes = row.get("quotes") if isinstance(row, dict) else None
    identity = row.get("id") if isinstance(row, dict) else None
    named = isinstance(identity, str) and identity and identity.isprintable() and "/" not in identity
    return len(quotes) if named and isinstance(quotes, dict) else 1


@DAMAGED
@given(body=st.binary(max_size=200), endpoint=st.sampled_from(sorted(ANSWERS)))
def test_bytes_of_any_kind_are_malformed(body: bytes, endpoint: str) -> None:
    with pytest.raises(MalformedPayload):
        CoinPaprikaReader().read(Payload("coinpaprika", endpoint, b"\xff" + body, NOW))

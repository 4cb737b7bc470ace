"""Answers that something has damaged: nothing crashes, and each row is stored or rejected."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.providers import answers
from candlewick.providers.coingecko.reader import CoinGeckoReader
from candlewick.providers.coingecko.rest import objection
from candlewick.providers.exact_json import Number, written
from mutations import DAMAGED, mutated
from unit.providers.coingecko.wire import COIN, NOW, UPDATED

FIGURES = {"usd": Number("2.5"), "usd_market_cap": None, "usd_24h_vol": 7, "eur": 2, "last_updated_at": UPDATED}
POINTS = [[UPDATED * 1000, Number("49326.5")], [UPDATED * 1000 + 1, 2]]
ANSWERS: dict[str, Any] = {
    "/api/v3/simple/price?ids=bitcoin,ethereum": {"bitcoin": FIGURES, "ethereum": FIGURES},
    "/api/v3/coins/markets?vs_currency=usd": [COIN, COIN | {"id": "ethereum", "symbol": "eth"}],
    "/api/v3/coins/bitcoin/market_chart/range?vs_currency=usd": {
        "prices": POINTS, "market_caps": POINTS, "total_volumes": POINTS
    },
    "/api/v3/coins/list": [COIN, COIN | {"id": "ethereum"}],
}  # fmt: skip


@pytest.mark.parametrize("endpoint", ANSWERS)
@DAMAGED
@given(data=st.data())
def test_a_damaged_answer_is_read_or_malformed(endpoint: str, data: st.DataObject) -> None:
    document = mutated(ANSWERS[endpoint], data.draw)
    body = written(document).encode()

    if answers.not_json(body) is None:
        objection(body)
    try:
        found = CoinGeckoReader().read(Payload("coingecko", endpoint, body, NOW))
    except MalformedPayload:
        return
    rejected = [each for lines in found.quotes.values() for each in lines.rejected]
    for each in rejected:
        assert each.text.encode()
        assert each.reason.encode()
    if "markets" in endpoint:
        assert sum(len(lines.quotes) for lines in found.quotes.values()) + len(rejected) == len(document)
    for listing in found.listings:
        assert listing.key.venue == "coingecko"
        assert listing.base_name is None or listing.base_name.isprintable()


@DAMAGED
@given(body=st.binary(max_size=200), endpoint=st.sampled_from(sorted(ANSWERS)))
def test_bytes_of_any_kind_are_malformed(body: bytes, endpoint: str) -> None:
    with pytest.raises(MalformedPayload):
        CoinGeckoReader().read(Payload("coingecko", endpoint, b"\xff" + body, NOW))

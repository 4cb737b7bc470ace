"""Every recording of CoinPaprika is read with no row unaccounted for, its values as they stand in the file."""

from __future__ import annotations

import json
from typing import Final

import pytest

from candlewick.domain.errors import MalformedPayload, SourceRefused
from candlewick.providers import answers
from candlewick.providers.coinpaprika.reader import CoinPaprikaReader
from markets import LATER
from recordings import DATA
from unit.providers.coinpaprika.wire import FOLDER, recorded, recorded_names

NOT_TAKEN: Final = {
    "402_ohlcv_historical_plan.json": "candles of whole days, of the last one on the free plan; the past is ticks",
}
"""Recordings of endpoints that are not asked, and why."""


@pytest.mark.skipif(not recorded_names(), reason=f"no recordings in {DATA / FOLDER}")
def test_every_recording_is_read_or_is_of_an_endpoint_that_is_not_asked() -> None:
    for name in recorded_names():
        _, payload = recorded(name)
        if name in NOT_TAKEN:
            with pytest.raises(MalformedPayload, match="nothing of that kind is asked"):
                CoinPaprikaReader().read(payload)
        else:
            assert CoinPaprikaReader().read(payload).quotes, name


def test_the_recorded_ticker_is_a_quote_digit_for_digit() -> None:
    _, payload = recorded("200_tickers_btc-bitcoin.json")
    [(symbol, lines)] = CoinPaprikaReader().read(payload).quotes.items()

    said = json.loads(payload.body, parse_float=str, parse_int=str)
    figures = said["quotes"]["USD"]
    [quote] = lines.quotes
    assert (symbol, lines.rejected) == ("btc-bitcoin/usd", [])
    assert f"{quote.ts:%Y-%m-%dT%H:%M:%SZ}" == said["last_updated"]
    assert tuple(map(str, (quote.price, quote.market_cap, quote.volume_24h, quote.change_24h))) == (
        figures["price"], figures["market_cap"], figures["volume_24h"], figures["percent_change_24h"]
    )  # fmt: skip
    assert (quote.bid, quote.ask) == (None, None)


def test_what_the_plan_does_not_allow_is_refused_with_the_words_of_the_recording() -> None:
    status, payload = recorded("402_ohlcv_historical_plan.json")

    error = answers.explain("coinpaprika", status, {}, payload.body, LATER)
    assert isinstance(error, SourceRefused)
    assert "status 402: Getting historical OHLCV data before 2022-06-19" in str(error)

"""The setting that says which indicators are kept ready."""

from __future__ import annotations

import pytest

from candlewick.domain.errors import InvalidInstrumentKey, InvalidKeeping
from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentKey
from candlewick.indicators.rules import kept_of, parse_indicator, parse_rules

BTC, ETH = (InstrumentKey("binance", base, "USDT") for base in ("BTC", "ETH"))
RULES = "ema(length=20), RSI on m5 H1; macd(fast=5, slow=9) obv on D1 of binance:BTC-USDT; rsi on H1"


def kept(key: InstrumentKey, *, watched: bool) -> dict[Interval, list[str]]:
    found = kept_of(parse_rules(RULES), key, watched=watched)
    return {interval: [each.id for each in indicators] for interval, indicators in found.items()}


def test_rules_without_instruments_mean_what_is_watched() -> None:
    both = ["ema(length=20)", "rsi(length=14)"]
    assert kept(ETH, watched=True) == {Interval.M5: both, Interval.H1: both}
    assert kept(ETH, watched=False) == {}


def test_rules_with_instruments_mean_these_watched_or_not() -> None:
    assert kept(BTC, watched=False) == {Interval.D1: ["macd(fast=5,slow=9,signal=9)", "obv"]}
    assert kept(BTC, watched=True).keys() == {Interval.M5, Interval.H1, Interval.D1}


def test_nothing_is_kept_by_no_rules() -> None:
    assert parse_rules(" ; ") == []


def test_text_of_an_indicator_is_read_as_the_same_again() -> None:
    for text in ("psar", "psar(step=0.05)", "bollinger(deviations=2.5)", "macd"):
        assert parse_indicator(parse_indicator(text).id).id == parse_indicator(text).id


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ema(length=20)", "indicators, then `on` and intervals"),
        ("on M5", "indicators, then `on` and intervals"),
        ("emma on M5", "there is no indicator 'emma'"),
        ("ema(len=20) on M5", "ema has no parameter 'len'; it has length"),
        ("ema(length=0) on M5", "ema.length is 0: give a whole number from 1 to 10000"),
        ("ema(length=10000000) on M5", "ema.length is 1e\\+07"),
        ("ema(length=nan) on M5", "ema.length is nan"),
        ("ema(length=x) on M5", "gives no number"),
        ("ema(20) on M5", "gives no number: write length=20"),
        ("ema(length=1,length=2) on M5", "length is given twice"),
        ("ema( on M5", "its name, with parameters in brackets"),
        ("ema on M7", "'M7' is no interval that is kept; there are M1, M5"),
        ("ema on S1", "'S1' is no interval that is kept"),
        (";".join(["ema on M5"] * 101), "101 rules, at most 100"),
        (" ".join(f"ema(length={n})" for n in range(1, 102)) + " on M1 M5", "202 series would be kept, at most 200"),
    ],
)
def test_what_says_nothing_says_why(text: str, said: str) -> None:
    with pytest.raises(InvalidKeeping, match=said):
        parse_rules(text)


def test_what_is_no_instrument_says_so() -> None:
    with pytest.raises(InvalidInstrumentKey, match="write venue:BASE-QUOTE"):
        parse_rules("ema on M5 of BTCUSDT")

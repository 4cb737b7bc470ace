"""Where Binance is asked: what may be set, and what a slip says."""

from __future__ import annotations

import pytest

from candlewick.domain.errors import SettingsError
from candlewick.settings import BinanceSettings, load_settings


def test_less_is_asked_than_binance_allows() -> None:
    assert BinanceSettings().weight_per_minute < 6_000


def test_a_slash_at_the_end_does_not_matter() -> None:
    assert load_settings(binance={"rest_url": "http://127.0.0.1:9100/"}).binance.rest_url == "http://127.0.0.1:9100"


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("rest_url", "api.binance.com"),
        ("rest_url", "ftp://api.binance.com"),
        ("rest_url", "https://"),
        ("rest_url", "https://me:secret@api.binance.com"),
        ("rest_url", "https://api.binance.com?x=1"),
        ("rest_url", "https://api.binance.com:port"),
        ("archive_url", "wss://data.binance.vision"),
        ("stream_url", "https://stream.binance.com"),
    ],
)
def test_a_url_that_cannot_be_is_refused_with_one_that_can(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=f"binance.{name} .* allowed is a text like (https|wss)://"):
        load_settings(binance={name: url})


def test_a_weight_too_small_for_one_request_is_refused() -> None:
    with pytest.raises(SettingsError, match="allowed is a whole number from 100 to"):
        load_settings(binance={"weight_per_minute": 10})

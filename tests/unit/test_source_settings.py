"""Where sources are asked: what may be set, what a slip says, and what is as usual."""

from __future__ import annotations

import pytest

from candlewick.domain.errors import SettingsError
from candlewick.providers.registry import CODES, provider
from candlewick.settings import load_settings
from candlewick.settings.catalogue import catalogue


def test_less_is_asked_than_binance_allows() -> None:
    access = provider("binance").access
    assert access is not None
    assert access.weight_per_minute < 6_000


@pytest.mark.parametrize("code", [code for code in CODES if code not in {"demo", "csv"}])
def test_every_source_has_a_table_of_settings(code: str) -> None:
    assert f"sources.{code}.rest_url" in catalogue()
    assert load_settings().source(code).rest_url is None


def test_a_slash_at_the_end_does_not_matter() -> None:
    settings = load_settings(sources={"binance": {"rest_url": "http://127.0.0.1:9100/"}})
    assert settings.source("binance").rest_url == "http://127.0.0.1:9100"


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
    with pytest.raises(SettingsError, match=f"sources.binance.{name} .* allowed is a text like (https|wss)://"):
        load_settings(sources={"binance": {name: url}})


def test_a_weight_of_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match="allowed is a whole number from 1 to"):
        load_settings(sources={"binance": {"weight_per_minute": 0}})


def test_a_source_that_is_none_is_refused_with_one_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_SOURCES__BINANCES__REST_URL", "https://api.binance.com")
    with pytest.raises(SettingsError, match="did you mean CANDLEWICK_SOURCES__BINANCE__REST_URL"):
        load_settings()


def test_a_key_is_shown_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_SOURCES__BINANCE__API_KEY", "sesame")
    assert "sesame" not in repr(load_settings())

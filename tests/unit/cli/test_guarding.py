"""What is let be depends on who can reach the server, unless the settings say it."""

from __future__ import annotations

from typing import Any

import pytest

from candlewick.cli.guarding import PER_ADDRESS, PER_KEY, access_options
from candlewick.domain.access import Audience
from candlewick.domain.rate import Rate
from candlewick.settings import load_settings

BEYOND = {"http": {"host": "192.0.2.1"}}


def test_on_this_machine_alone_nothing_is_in_the_way() -> None:
    options = access_options(load_settings())
    assert (options.explorer, options.documents.suggestions) == (True, True)
    assert options.documents.introspection is Audience.EVERYBODY
    assert (options.per_key, options.per_address) == (None, None)
    assert (options.origins, options.proxies) == ((), ())


def test_beyond_this_machine_it_is_closed() -> None:
    options = access_options(load_settings(**BEYOND))
    assert (options.explorer, options.documents.suggestions) == (False, False)
    assert options.documents.introspection is Audience.KEYS
    assert (options.per_key, options.per_address) == (Rate(PER_KEY), Rate(PER_ADDRESS))
    assert options.origins == ()


@pytest.mark.parametrize("where", [{}, BEYOND])
def test_what_the_settings_say_holds_everywhere(where: dict[str, Any]) -> None:
    said = {
        "explorer": True,
        "suggestions": False,
        "introspection": "nobody",
        "requests_per_key": 0,
        "requests_per_address": 7,
        "origins": "https://App.example.org, *",
    }
    options = access_options(load_settings(**where, access=said))
    assert (options.explorer, options.documents.suggestions) == (True, False)
    assert options.documents.introspection is Audience.NOBODY
    assert (options.per_key, options.per_address) == (None, Rate(7))
    assert options.origins == ("https://app.example.org", "*")


def test_behind_a_proxy_forwarded_tls_and_addresses_are_believed_of_it_alone() -> None:
    options = access_options(load_settings(access={"trusted_proxies": "127.0.0.1, 10.0.0.0/8,::1"}))
    assert [str(network) for network in options.proxies] == ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]
    assert not options.explorer

"""The address of the server."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from typer.testing import Result

from candlewick.cli.listening import bind, url_of
from candlewick.domain.errors import PortInUse, SettingsError
from candlewick.settings import HttpSettings

Call = Callable[..., Result]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_named(taken: int) -> None:
    with pytest.raises(PortInUse, match=f"port {taken} of 127.0.0.1 is in use"):
        bind("127.0.0.1", taken)


@pytest.mark.parametrize("command", ["serve", "up", "demo"])
def test_a_port_in_use_is_found_before_anything_is_started(call: Call, taken: int, command: str) -> None:
    result = call(command, "--port", str(taken))

    assert result.exit_code == 3
    assert result.stderr.startswith(f"candlewick: port {taken} of 127.0.0.1 is in use")
    assert result.stdout == ""


def test_an_address_of_another_machine_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match=r"http\.host \(CANDLEWICK_HTTP__HOST\) '192\.0\.2\.1'"):
        bind("192.0.2.1", 8000)


def test_a_text_that_is_no_host_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="it is no name of a host"):
        bind("a..b", 8000)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("::", "http://[::1]:8000/"),
        ("::1", "http://[::1]:8000/"),
        ("example.org", "http://example.org:8000/"),
    ],
)
def test_the_url_is_one_that_a_browser_can_open(host: str, url: str) -> None:
    assert url_of(HttpSettings(host=host)) == url

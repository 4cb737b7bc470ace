"""`candlewick simulate`: what it refuses before it listens."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from typer.testing import Result

Call = Callable[..., Result]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--symbols", "BTCUSDT,NOPE"), "NOPE cannot be simulated; there are BTCUSDT"),
        (("--symbols", ","), "none cannot be simulated"),
        (("--market", "nyse"), "'nyse' cannot be simulated; there are binance"),
        (("--market", "demo", "--rate", "5"), "the demo market has its own symbols"),
        (("--rate", "0"), "greater than or equal to 1"),
        (("--host", "192.0.2.1"), "cannot be listened on"),
    ],
)
def test_wrong_arguments_are_exit_code_2(call: Call, arguments: tuple[str, ...], message: str) -> None:
    result = call("simulate", *arguments)

    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_a_port_in_use_is_named_with_the_option_that_changes_it(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = call("simulate", "--port", str(port))

    assert result.exit_code == 3
    assert f"port {port} of 127.0.0.1 is in use" in result.stderr
    assert "--port" in result.stderr

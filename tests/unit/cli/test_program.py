"""The program as a whole: help, errors, exit codes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Call = Callable[..., Result]

COMMANDS = [
    ("up",), ("demo",), ("serve",), ("worker",), ("migrate",), ("import",), ("schema",), ("doctor",),
    ("backfill",), ("build-bars",), ("simulate",), ("jobs", "list"), ("jobs", "show"), ("jobs", "cancel"),
    ("jobs", "retry"),
    ("keys", "create"), ("keys", "list"), ("keys", "revoke"), ("keys", "expire"), ("documents", "add"),
    ("backtest",), ("backtests", "list"), ("backtests", "show"),
    ("documents", "list"), ("documents", "remove"), ("config", "init"), ("config", "show"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(call: Call, command: tuple[str, ...]) -> None:
    result = call(*command, "--help")

    assert result.exit_code == 0
    assert f"  candlewick {' '.join(command)}" in result.stdout
    assert "Examples:" in result.stdout


def test_the_help_says_what_exit_codes_mean(call: Call) -> None:
    assert "3  a service that is needed" in call("--help").stdout


def test_the_help_imports_nothing_heavy() -> None:
    heavy = ("sqlalchemy", "pydantic", "strawberry", "numpy", "pandas", "structlog", "redis", "httpx", "uvicorn")
    script = f"import sys, candlewick.cli; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert result.stdout.strip() == "[]"


def test_it_says_its_version(call: Call) -> None:
    assert call("--version").stdout.startswith("candlewick 0.")


def test_a_wrong_setting_ends_in_one_message_and_exit_code_2(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_HTTP__PORT", "none")
    result = call("config", "show")

    assert result.exit_code == 2
    assert result.stderr == (
        "candlewick: http.port (CANDLEWICK_HTTP__PORT) is 'none'; allowed is a whole number from 1 to 65535\n"
    )


def test_debug_shows_where_an_error_comes_from(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_HTTP__PORT", "none")

    assert "Traceback" in call("--debug", "config", "show").stderr


def test_a_service_that_is_away_is_exit_code_3(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_DATABASE__URL", "postgresql://me:hunter2@127.0.0.1:1/nowhere")
    result = call("keys", "list")

    assert result.exit_code == 3
    assert "candlewick: the database at 127.0.0.1:1/nowhere does not answer" in result.stderr
    assert "hunter2" not in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "candlewick.toml", "--instrument", "BTCUSDT"), "write venue:BASE-QUOTE"),
        (("import", "nowhere.zip", "--instrument", "binance:BTC-USDT"), "nowhere.zip"),
        (("import", "candlewick.toml"), "--instrument"),
        (("keys", "create", "--role", "king"), "king"),
        (("keys", "create", "--role", "read", "--expires", "2020-01-01"), "is over"),
        (("serve", "--port", "70000"), "65535"),
        (("fly",), "fly"),
    ],
)
def test_wrong_arguments_are_exit_code_2(call: Call, folder: Path, arguments: tuple[str, ...], message: str) -> None:
    (folder / "candlewick.toml").touch()
    result = call(*arguments)

    assert result.exit_code == 2
    assert message in result.stderr


def test_a_schema_that_cannot_be_written_is_exit_code_2(call: Call, folder: Path) -> None:
    result = call("schema", "--output", str(folder / "nowhere" / "schema.graphql"))

    assert result.exit_code == 2
    assert "schema.graphql cannot be written" in result.stderr


def test_a_redis_url_with_an_option_of_no_use_is_exit_code_2(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_DATABASE__URL", "postgresql://127.0.0.1:1/nowhere")
    monkeypatch.setenv("CANDLEWICK_REDIS__URL", "redis://127.0.0.1:1?socket_timeout=long")
    result = call("worker", "--check")

    assert result.exit_code == 2
    assert "redis.url (CANDLEWICK_REDIS__URL) cannot be used" in result.stderr

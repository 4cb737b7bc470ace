"""`candlewick config`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from candlewick.settings.template import template

Call = Callable[..., Result]


def test_init_writes_the_template(call: Call, folder: Path) -> None:
    assert call("config", "init").exit_code == 0
    assert (folder / "candlewick.toml").read_text() == template()


def test_init_overwrites_only_by_force(call: Call, folder: Path) -> None:
    (folder / "candlewick.toml").write_text("log_level = 'debug'")

    result = call("config", "init")
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert (folder / "candlewick.toml").read_text() == "log_level = 'debug'"

    assert call("config", "init", "--force").exit_code == 0
    assert (folder / "candlewick.toml").read_text() == template()


def test_show_tells_values_their_origin_and_no_password(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_REDIS__URL", "redis://:hunter2@example.org:6379/0")
    result = call("config", "show", "--json")

    shown = json.loads(result.stdout)
    assert shown["redis.url"]["value"] == "redis://:***@example.org:6379/0"
    assert shown["redis.url"]["origin"] == "env"
    assert shown["http.port"] == {"value": 8000, "origin": "default", "variable": "CANDLEWICK_HTTP__PORT"}


def test_show_is_a_table_for_people(call: Call) -> None:
    lines = call("config", "show").stdout.splitlines()

    assert lines[0].split() == ["setting", "value", "from", "variable"]
    assert ["http.port", "8000", "default", "CANDLEWICK_HTTP__PORT"] in [line.split() for line in lines]

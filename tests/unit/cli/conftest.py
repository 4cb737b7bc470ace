"""A command line to call: an empty working folder, no variable of ours, logs back to what they were."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from candlewick.cli.application import program

Call = Callable[..., Result]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("CANDLEWICK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CANDLEWICK_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def call() -> Iterator[Call]:
    """Call the program as a shell would."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield lambda *arguments: CliRunner().invoke(program, arguments, prog_name="candlewick")
    root.handlers[:], root.level = before
    logging.captureWarnings(False)
    structlog.reset_defaults()

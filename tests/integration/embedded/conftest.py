"""Data folders for real servers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_services import eventually, everything_stopped, new_data_dir


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder without anything in it."""
    folder = new_data_dir()
    yield folder
    assert eventually(lambda: everything_stopped(folder))
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def used_data_dir() -> Iterator[Path]:
    """A data folder that the tests of a module share, so that its cluster is made once."""
    folder = new_data_dir()
    yield folder
    assert eventually(lambda: everything_stopped(folder))
    shutil.rmtree(folder)

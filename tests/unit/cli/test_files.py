"""How many files a server lets itself have open."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from candlewick.cli import server

if sys.platform == "win32":
    pytest.skip("there is no such bound", allow_module_level=True)

import resource

NOFILE = resource.RLIMIT_NOFILE


@pytest.fixture(autouse=True)
def few() -> Iterator[int]:
    """The hard limit, while the soft one is low."""
    soft, hard = resource.getrlimit(NOFILE)
    resource.setrlimit(NOFILE, (700, hard))
    yield hard
    resource.setrlimit(NOFILE, (soft, hard))


def test_as_many_as_are_wanted() -> None:
    server._allow_files(800)
    assert resource.getrlimit(NOFILE)[0] == 800


def test_no_fewer_than_before() -> None:
    server._allow_files(100)
    assert resource.getrlimit(NOFILE)[0] == 700


def test_no_more_than_are_allowed(few: int) -> None:
    if few == resource.RLIM_INFINITY:
        pytest.skip("any number is allowed here")
    server._allow_files(few + 1)
    assert resource.getrlimit(NOFILE)[0] == few

"""Recordings of real providers, which lie beside the repository and are never copied into it."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "shared" / "data"


def recording(name: str) -> Path:
    """The recording of that name; where there is none, the test is skipped and says so."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no recording {name} in {DATA}")
    return path

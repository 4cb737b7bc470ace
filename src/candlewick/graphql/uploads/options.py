"""How much is taken of whom, and where it waits."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

LONGEST_WAIT: Final = 60
"""Seconds that a client may wait for its job with `wait`."""
LONGEST_FIELD: Final = 64 * 1024
"""Bytes of a field of a form, such as a mapping."""


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / "candlewick-uploads"


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """The bounds of uploads."""

    folder: Path = field(default_factory=_temporary)
    """Where a file waits until all of it is here."""
    largest: int = 2 * 1024**3
    """Bytes of a body."""
    patience: timedelta = timedelta(seconds=30)
    """How long the next piece of a body may take."""
    at_once: int = 4
    """Bodies that are taken at the same time."""

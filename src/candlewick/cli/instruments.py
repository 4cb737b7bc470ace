"""Instrument keys as arguments."""

from __future__ import annotations

import typer

from candlewick.domain.errors import InvalidInstrumentKey
from candlewick.domain.market import InstrumentKey


def key_of(text: str) -> InstrumentKey:
    """Read a key as one types it."""
    try:
        return InstrumentKey.parse(text)
    except InvalidInstrumentKey as error:
        raise typer.BadParameter(str(error)) from error

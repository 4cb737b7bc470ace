"""Free text from clients."""

from __future__ import annotations

from typing import Final

from candlewick.graphql.faults import InvalidText

_LONGEST: Final = 100


def clean(text: str | None, argument: str) -> str | None:
    """The text, if a database can compare with it.

    Raises:
        InvalidText: it is empty, too long, or has characters that PostgreSQL refuses.
    """
    if text is None:
        return None
    if not text or len(text) > _LONGEST:
        raise InvalidText(argument, f"needs 1 to {_LONGEST} characters, this has {len(text)}")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidText(argument, "has a NUL or half a surrogate pair, which is no text")
    return text

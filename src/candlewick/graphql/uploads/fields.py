"""What is said beside a file: in the URL, or in fields of the same form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from candlewick.domain.job import ImportRequest
from candlewick.domain.market import AssetClass, DataKind, InstrumentKey
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.uploads.options import LONGEST_WAIT

NAMES: Final = ("instrument", "kind", "mapping", "base_class", "quote_class", "name", "wait")
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields, by name."""

    values: Mapping[str, str]

    def __post_init__(self) -> None:
        for name in self.values:
            if name not in NAMES:
                raise HttpFault(400, f"There is no {name[:64]!r} here; there are {', '.join(NAMES)}.")

    def request(self, filename: str) -> ImportRequest:
        """What is asked for.

        Raises:
            HttpFault: 400, a field cannot be what it says, or the instrument is missing.
            InvalidInstrumentKey: see there.
        """
        if "instrument" not in self.values:
            raise HttpFault(400, "Say `instrument`, for example ?instrument=csv:BTC-USD.")
        return ImportRequest(
            InstrumentKey.parse(self.values["instrument"]),
            _name(self.values.get("name") or filename),
            self.values.get("mapping", ""),
            self._one_of("kind", DataKind),
            self._one_of("base_class", AssetClass),
            self._one_of("quote_class", AssetClass),
        )

    @property
    def wait(self) -> int:
        """Seconds to wait for the job. Raises HttpFault."""
        text = self.values.get("wait", "0")
        if not (text.isascii() and text.isdecimal() and int(text) <= LONGEST_WAIT):
            raise HttpFault(400, f"`wait` is a whole number of seconds up to {LONGEST_WAIT}, not {text[:20]!r}.")
        return int(text)

    def _one_of[E: StrEnum](self, name: str, values: type[E]) -> E | None:
        text = self.values.get(name)
        if text is None:
            return None
        try:
            return values(text.upper())
        except ValueError as exc:
            known = ", ".join(value.lower() for value in values)
            raise HttpFault(400, f"`{name}` is one of {known}, not {text[:64]!r}.") from exc


def _name(text: str) -> str:
    """The last part of a path, if it can be shown."""
    name = PurePosixPath(text.replace("\\", "/")).name
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise HttpFault(400, f"`name` is a file's name of at most {_LONGEST_NAME} characters.")
    return name

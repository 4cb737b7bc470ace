"""What a command asks a keeper to run; it travels as JSON on the keeper's standard input."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Self

from candlewick.embedded.folder import ServiceName
from candlewick.embedded.installation import Source


@dataclass(frozen=True, slots=True)
class Plan:
    """One service to run. `programs` is PostgreSQL's bin folder or Valkey's server program."""

    service: ServiceName
    folder: str
    programs: str
    startup_seconds: float
    source: Source = Source.WHEEL
    options: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields = json.loads(text)
        return cls(**fields | {"service": ServiceName(fields["service"]), "source": Source(fields["source"])})

"""The parameters of a request, over HTTP (GraphQL over HTTP, section 5.1) or a websocket (PROTOCOL.md, Subscribe)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

_BATCH: Final = (
    "The body is a list. Batches are not served: send one operation a request, HTTP/1.1 keeps the connection."
)


class InvalidParameters(Exception):
    """They are missing, or not of the types that the specification says."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a client asks to be run."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None

    @classmethod
    def of(cls, raw: object) -> Parameters:
        """Take them from decoded JSON.

        Raises:
            InvalidParameters: what is wrong.
        """
        if not isinstance(raw, dict):
            raise InvalidParameters(_BATCH if isinstance(raw, list) else "The body is no JSON object.")
        query, name = raw.get("query"), raw.get("operationName")
        if not isinstance(query, str) or not query.strip():
            raise InvalidParameters("`query` is missing or no text: it carries the GraphQL document.")
        if name is not None and not isinstance(name, str):
            raise InvalidParameters("`operationName` is no text.")
        for field in ("variables", "extensions"):
            if not isinstance(raw.get(field), dict | None):
                raise InvalidParameters(f"`{field}` is no JSON object.")
        return cls(query, name or None, raw.get("variables"))

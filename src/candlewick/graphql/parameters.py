"""The parameters of a request, over HTTP (GraphQL over HTTP, section 5.1) or a websocket (PROTOCOL.md, Subscribe)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_BATCH: Final = (
    "The body is a list. Batches are not served: send one operation a request, HTTP/1.1 keeps the connection."
)


class InvalidParameters(Exception):
    """They are missing, or not of the types that the specification says."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a client asks to be run."""

    query: str
    """The document; empty where only its hash is said."""
    operation_name: str | None
    variables: dict[str, Any] | None
    hash: str | None = None
    """The SHA-256 of the document, where the client says it: see `trusted`."""

    @classmethod
    def of(cls, raw: object) -> Parameters:
        """Take them from decoded JSON.

        Raises:
            InvalidParameters: what is wrong.
        """
        if not isinstance(raw, dict):
            raise InvalidParameters(_BATCH if isinstance(raw, list) else "The body is no JSON object.")
        query, name, hash_ = raw.get("query"), raw.get("operationName"), _hash(raw)
        if hash_ is not None and query in {None, ""}:
            query = ""
        elif not isinstance(query, str) or not query.strip():
            raise InvalidParameters("`query` is missing or no text: it carries the GraphQL document.")
        if name is not None and not isinstance(name, str):
            raise InvalidParameters("`operationName` is no text.")
        for field in ("variables", "extensions"):
            if not isinstance(raw.get(field), dict | None):
                raise InvalidParameters(f"`{field}` is no JSON object.")
        if query and hash_ is not None and sha256(query.encode("utf-8", "surrogatepass")).hexdigest() != hash_:
            raise InvalidParameters("The SHA-256 of `query` is another than the one that is said beside it.")
        return cls(query, name or None, raw.get("variables"), hash_)


def _hash(raw: dict[str, Any]) -> str | None:
    """What the client says the document's SHA-256 is, in one of two ways."""
    extensions, document_id = raw.get("extensions"), raw.get("documentId")
    persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    if persisted is None and document_id is None:
        return None
    if persisted is not None:
        version = persisted.get("version") if isinstance(persisted, dict) else None
        said = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
        if version != 1:
            raise InvalidParameters("`extensions.persistedQuery` is no object of version 1.")
    else:
        said = document_id.removeprefix("sha256:") if isinstance(document_id, str) else None
    if not isinstance(said, str) or not _SHA256.fullmatch(said):
        raise InvalidParameters("A document's hash is its SHA-256 as 64 hexadecimal digits in lower case.")
    return said

"""Files of documents as build tools write them: a document, or a manifest of many.

Manifests are those of GraphQL Code Generator (`persisted-documents.json`: hash to document) and of Apollo
(`{"format": "apollo-persisted-query-manifest", "operations": [{"id": …, "body": …}]}`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from candlewick.domain.errors import InvalidInput
from candlewick.graphql.trusted import hash_of

MOST_BYTES: Final = 32_000_000
"""Of one file."""


class InvalidManifest(InvalidInput):
    """The file has no documents, or is not what it says."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


def documents_of(path: Path) -> list[str]:
    """The documents of the file, in its order: one, or as many as a manifest (`.json`) has.

    Raises:
        InvalidManifest: it cannot be read, or a hash in it is not the SHA-256 of its document.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InvalidManifest(path, f"it has more than {MOST_BYTES} bytes")
        content = path.read_bytes()
        text = content.decode()
    except OSError as exc:
        raise InvalidManifest(path, f"it cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise InvalidManifest(path, "it is no UTF-8") from exc
    if path.suffix != ".json":
        return [text]
    try:
        raw = orjson.loads(content)
    except orjson.JSONDecodeError as exc:
        raise InvalidManifest(path, f"it is no JSON: {exc.msg}") from exc
    return [_checked(path, hash_, document) for hash_, document in _entries(path, raw)]


def _entries(path: Path, raw: Any) -> Iterator[tuple[object, object]]:
    if isinstance(raw, dict) and isinstance(raw.get("operations"), list):
        for operation in raw["operations"]:
            if not isinstance(operation, dict):
                raise InvalidManifest(path, "an entry of `operations` is no object")
            yield operation.get("id"), operation.get("body")
    elif isinstance(raw, dict):
        yield from raw.items()
    else:
        raise InvalidManifest(path, "it is no manifest: an object of hashes and documents, or Apollo's format")


def _checked(path: Path, hash_: object, document: object) -> str:
    if not isinstance(document, str) or not isinstance(hash_, str):
        raise InvalidManifest(path, f"the entry {str(hash_)[:70]!r} has no document")
    actual = hash_of(document)
    if hash_.removeprefix("sha256:") != actual:
        advice = "let the tool that made it hash with SHA-256" if len(hash_) != len(actual) else "it was changed"
        raise InvalidManifest(path, f"{hash_[:70]!r} is not the SHA-256 of its document, {actual}: {advice}")
    return document

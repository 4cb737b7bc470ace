"""Documents that go by their SHA-256: those that somebody registered, and those that clients had remembered.

A client may send the hash in place of the document, as Apollo's automatic persisted queries do
(`extensions.persistedQuery`) or as GraphQL over HTTP's appendix on persisted documents has it (`documentId`).
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import monotonic
from typing import Final

import structlog

from candlewick.graphql.errors import Formatted, fault
from candlewick.graphql.parameters import Parameters

log = structlog.get_logger(__name__)

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_SUFFIX: Final = ".graphql"
_FRESH: Final = 5.0
"""Seconds for which a registered document is not looked up again."""
_MOST_REMEMBERED: Final = 4_000_000
"""Characters of documents that clients had remembered."""
_MOST_FRESH: Final = 1_000


def hash_of(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class RegisteredDocument:
    """A document that is trusted. Its hash is the file's name, and is what clients say."""

    hash: str
    text: str


class DocumentFolder:
    """Trusted documents as files: `<sha256>.graphql`, each with exactly the text that has this hash."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def text(self, hash_: str) -> str | None:
        """The document with this hash; None if there is none. A file whose content is another is none."""
        if not _HASH.fullmatch(hash_):
            return None
        try:
            text = self._file(hash_).read_bytes().decode()  # as it is: no line ends are translated
        except (OSError, UnicodeDecodeError) as error:
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                log.warning("document_unreadable", hash=hash_, reason=str(error))
            return None
        if hash_of(text) != hash_:
            log.warning("document_changed", hash=hash_, reason="the file has another content than its name says")
            return None
        return text

    def documents(self) -> Iterator[RegisteredDocument]:
        """All that can be used, by hash."""
        if not self.path.is_dir():
            return
        for file in sorted(self.path.glob(f"*{_SUFFIX}")):
            text = self.text(file.stem)
            if text is not None:
                yield RegisteredDocument(file.stem, text)

    def add(self, texts: Iterable[str]) -> list[RegisteredDocument]:
        """Register documents; each is there as a whole or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        added = [RegisteredDocument(hash_of(text), text) for text in texts]
        for document in added:
            self._write(document)
        return added

    def remove(self, hash_: str) -> bool:
        """Forget one; False if there is none."""
        if not _HASH.fullmatch(hash_):
            return False
        try:
            self._file(hash_).unlink()
        except FileNotFoundError:
            return False
        return True

    def _file(self, hash_: str) -> Path:
        return self.path / f"{hash_}{_SUFFIX}"

    def _write(self, document: RegisteredDocument) -> None:
        with NamedTemporaryFile("wb", dir=self.path, delete=False) as half:
            try:
                half.write(document.text.encode())
                half.flush()
                os.fsync(half.fileno())
                Path(half.name).chmod(0o644)
                Path(half.name).replace(self._file(document.hash))
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(half.name).unlink()
                raise


class TrustedDocuments:
    """Which text a request means, and whether it may be run."""

    def __init__(
        self, folder: DocumentFolder | None = None, *, only: bool = False, clock: Callable[[], float] = monotonic
    ) -> None:
        """`only`: run nothing that is not registered."""
        self._folder = folder
        self._only = only
        self._clock = clock
        self._fresh: OrderedDict[str, tuple[float, str | None]] = OrderedDict()
        self._remembered: OrderedDict[str, str] = OrderedDict()
        self._size = 0

    def text(self, parameters: Parameters) -> str:
        """The document's text.

        Raises:
            DocumentRefused: no document has that hash, or it is none that may be run.
        """
        if self._only:
            wanted = parameters.hash or hash_of(parameters.query)
            text = self._registered(wanted)
            if text is None:
                raise untrusted(wanted)
            return text
        if parameters.query or parameters.hash is None:
            return parameters.query
        found = self._registered(parameters.hash) or self._recalled(parameters.hash)
        if found is None:
            raise unknown(parameters.hash)
        return found

    def remember(self, parameters: Parameters) -> None:
        """Know the document by its hash from now on, if the client says one beside it; the oldest are forgotten."""
        hash_, text = parameters.hash, parameters.query
        if self._only or hash_ is None or not text or hash_ in self._remembered:
            return
        self._remembered[hash_] = text
        self._size += len(text)
        while self._size > _MOST_REMEMBERED:
            self._size -= len(self._remembered.popitem(last=False)[1])

    def _registered(self, hash_: str) -> str | None:
        if self._folder is None:
            return None
        until, text = self._fresh.get(hash_, (0.0, None))
        now = self._clock()
        if until > now:
            return text
        text = self._folder.text(hash_)
        self._fresh[hash_] = (now + _FRESH, text)
        if len(self._fresh) > _MOST_FRESH:
            self._fresh.popitem(last=False)
        return text

    def _recalled(self, hash_: str) -> str | None:
        text = self._remembered.get(hash_)
        if text is not None:
            self._remembered.move_to_end(hash_)
        return text


class DocumentRefused(Exception):
    """What the client gets instead."""

    def __init__(self, message: str, code: str, facts: Mapping[str, object]) -> None:
        super().__init__(message)
        self.error: Formatted = fault(message, code, **facts)


def unknown(hash_: str) -> DocumentRefused:
    """The message is the one that Apollo's clients look for: they send the document along, then."""
    return DocumentRefused("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND", {"sha256": hash_})


def untrusted(hash_: str) -> DocumentRefused:
    message = "only registered documents are run here: `candlewick documents add` registers one (access.trusted_only)"
    return DocumentRefused(message, "UNTRUSTED_DOCUMENT", {"sha256": hash_})

"""What of a document is for whom: introspection is not everybody's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from graphql import DocumentNode, FieldNode, Visitor, visit

from candlewick.domain.access import Audience
from candlewick.graphql.trusted import DocumentFolder

_SPELLED: Final = re.compile(r"__(schema|type)\b")
_NAMES: Final = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class DocumentPolicy:
    """As is right for a server that only this machine can reach."""

    introspection: Audience = Audience.EVERYBODY
    suggestions: bool = True
    """Whether an error says what the client may have meant: by that one learns a schema that may not be asked for."""
    folder: DocumentFolder | None = None
    """The registered documents."""
    trusted_only: bool = False
    """Whether only these are run."""


def introspects(text: str, document: DocumentNode) -> bool:
    """Whether the document asks what the schema has. Nearly all texts tell by themselves that theirs does not."""
    if not _SPELLED.search(text):
        return False
    finder = _Finder()
    visit(document, finder)
    return finder.found


class _Finder(Visitor):
    """Looks for the fields that introspect, wherever they are written."""

    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_field(self, node: FieldNode, *_: object) -> None:
        self.found = self.found or node.name.value in _NAMES

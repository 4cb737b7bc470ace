"""The plans of one document, made once and kept with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Self

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    SelectionNode,
    VariableNode,
)

_MOST: Final = 100
"""Plans that are kept of a document: its lists, times the ways that @skip and @include are decided."""


class Plans:
    """A cache whose keys hold for one document: nodes of it, and what its variables decide."""

    def __init__(self, deciding: Iterable[str] = ()) -> None:
        self._deciding = tuple(deciding)
        self._made: dict[object, Any] = {}

    @classmethod
    def of_document(cls, document: DocumentNode) -> Self:
        """None of a document's plans yet."""
        return cls(sorted(_deciding(document)))

    def of[Made](
        self, kind: object, nodes: Sequence[FieldNode], variables: Mapping[str, Any], make: Callable[[], Made]
    ) -> Made:
        """What `make` made the last time for these nodes and equal decisions, or makes now."""
        return self._once((kind, *map(id, nodes), *map(variables.get, self._deciding)), make)

    def _once[Made](self, key: object, make: Callable[[], Made]) -> Made:
        if key not in self._made:
            made = make()
            if len(self._made) >= _MOST:
                self._made.clear()
            self._made[key] = made
        return self._made[key]  # type: ignore[no-any-return]


def _deciding(document: DocumentNode) -> set[str]:
    """The variables that @skip and @include look at."""
    return {
        argument.value.name.value
        for definition in document.definitions
        if isinstance(definition, ExecutableDefinitionNode)
        for selection in _below(definition.selection_set.selections)
        for directive in selection.directives or ()
        for argument in directive.arguments or ()
        if isinstance(argument.value, VariableNode)
    }


def _below(selections: Sequence[SelectionNode]) -> Iterator[SelectionNode]:
    for selection in selections:
        yield selection
        inner = getattr(selection, "selection_set", None)
        if inner is not None:
            yield from _below(inner.selections)

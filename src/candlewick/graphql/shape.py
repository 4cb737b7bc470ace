"""Bounds on what a document selects. Each fragment is measured once: a bomb of them costs what its text costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from candlewick.graphql.faults import DocumentTooLarge
from candlewick.graphql.limits import Limits

INTROSPECTION: Final = frozenset({"__schema", "__type"})
_ENDLESS: Final = 10**9


@dataclass(frozen=True, slots=True)
class Shape:
    """How deep a selection goes, and how much it selects with every fragment spread out."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    width: int = 0
    """Fields at its top."""

    def beside(self, other: Self) -> Shape:
        """Both selections, one next to the other."""
        return Shape(
            max(self.depth, other.depth),
            min(self.aliases + other.aliases, _ENDLESS),
            min(self.fields + other.fields, _ENDLESS),
            min(self.width + other.width, _ENDLESS),
        )


class Measure:
    """Measures the selections of one document."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, Shape] = {}

    def selections(self, node: SelectionSetNode | None) -> Shape:
        """The shape of a selection set."""
        shape = Shape()
        for selection in node.selections if node else ():
            shape = shape.beside(self._selection(selection))
        return shape

    def _selection(self, node: SelectionNode) -> Shape:
        if isinstance(node, FieldNode):
            return self._field(node)
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        return self.selections(getattr(node, "selection_set", None))

    def _field(self, node: FieldNode) -> Shape:
        inner = self.selections(node.selection_set)
        introspects = node.name.value in INTROSPECTION  # graphql-core has a rule of its own for its depth
        depth = 1 if introspects else inner.depth + 1
        return Shape(depth, inner.aliases + (node.alias is not None), inner.fields + 1, 1)

    def _fragment(self, name: str) -> Shape:
        if name not in self._known:
            self._known[name] = Shape(_ENDLESS)  # what a fragment that spreads itself finds
            fragment = self._fragments.get(name)
            self._known[name] = self.selections(fragment.selection_set) if fragment else Shape()
        return self._known[name]


def check_shape(document: DocumentNode, limits: Limits) -> None:
    """Bound definitions, variables, depth, aliases, fields and root fields.

    Raises:
        DocumentTooLarge: one of them is beyond its bound.
    """
    _bound("definitions", len(document.definitions), limits.definitions)
    measure = Measure(document)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            _bound("variables", len(node.variable_definitions or ()), limits.variables)
            shape = measure.selections(node.selection_set)
            _bound("depth", shape.depth, limits.depth)
            _bound("root fields", shape.width, limits.root_fields)
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):  # unused ones cost validation too
            shape = measure.selections(node.selection_set)
            _bound("aliases", shape.aliases, limits.aliases)
            _bound("fields", shape.fields, limits.fields)


def _bound(what: str, actual: int, limit: int) -> None:
    if actual > limit:
        raise DocumentTooLarge(what, "endless" if actual >= _ENDLESS else actual, limit)

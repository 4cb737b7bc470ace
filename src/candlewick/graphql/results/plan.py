"""Plans: the selection of a list whose rows hold all that is selected, compiled to columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLField, GraphQLLeafType, GraphQLList, GraphQLNonNull, GraphQLObjectType, is_leaf_type
from graphql.execution.collect_fields import CollectedFields, FieldDetails
from strawberry.types.field import StrawberryField

type Collect = Callable[[GraphQLObjectType, list[FieldDetails]], CollectedFields]
"""The executor's own: it knows fragments, @skip, @include and variables."""


@dataclass(frozen=True, slots=True)
class Constant:
    """`__typename`."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of the row: `path` leads to it from the row, attribute by attribute."""

    key: str
    path: str
    type: GraphQLLeafType
    nullable: bool
    elements: bool | None = None
    """Of a list of such values, whether they may be null; None: it is no list."""


@dataclass(frozen=True, slots=True)
class Nested:
    """An object that each row has, such as an edge's node."""

    key: str
    attribute: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class Plan:
    """What an object becomes: its fields in the response's order."""

    type: GraphQLObjectType
    fields: Sequence[Constant | Leaf | Nested]

    def leaves(self) -> Iterator[Leaf]:
        """All of them, in the response's order."""
        for field in self.fields:
            if isinstance(field, Leaf):
                yield field
            elif isinstance(field, Nested):
                yield from field.plan.leaves()

    @classmethod
    def of(cls, type_: object, details: list[FieldDetails], collect: Collect, path: str = "") -> Plan | None:
        """The plan for what is selected of an object; None if that takes more than to read what a row holds."""
        if not isinstance(type_, GraphQLObjectType):
            return None
        found = collect(type_, details)
        if found.new_defer_usages:
            return None
        fields = [_field(key, each, type_, collect, path) for key, each in found.grouped_field_set.items()]
        return cls(type_, tuple(field for field in fields if field)) if all(fields) else None


def _field(
    key: str, details: list[FieldDetails], parent: GraphQLObjectType, collect: Collect, path: str
) -> Constant | Leaf | Nested | None:
    name = details[0].node.name.value
    if name == "__typename":
        return Constant(key, parent.name)
    definition = parent.fields.get(name)
    attribute = _attribute(definition) if definition else None
    if definition is None or attribute is None:
        return None
    nullable = not isinstance(definition.type, GraphQLNonNull)
    type_ = definition.type.of_type if isinstance(definition.type, GraphQLNonNull) else definition.type
    if is_leaf_type(type_):
        return Leaf(key, path + attribute, type_, nullable)
    if isinstance(type_, GraphQLList):
        return _list_leaf(key, path + attribute, type_, nullable=nullable)
    plan = None if nullable else Plan.of(type_, details, collect, f"{path}{attribute}.")
    return Nested(key, attribute, plan) if plan else None


def _list_leaf(key: str, path: str, type_: GraphQLList[Any], *, nullable: bool) -> Leaf | None:
    """A list of values that each row has; None if it is one of objects, or of lists."""
    of: Any = type_.of_type
    element = of.of_type if isinstance(of, GraphQLNonNull) else of
    return Leaf(key, path, element, nullable, not isinstance(of, GraphQLNonNull)) if is_leaf_type(element) else None


def _attribute(definition: GraphQLField) -> str | None:
    """Where the row has the field; None if something of ours makes it, or takes arguments for it."""
    ours = definition.extensions.get("strawberry-definition")
    plain = isinstance(ours, StrawberryField) and ours.is_basic_field and ours.default_resolver is getattr
    if not plain or definition.args or not getattr(definition.resolve, "_is_default", False):
        return None
    return ours.python_name if isinstance(ours, StrawberryField) else None

"""Calls of resolvers, made ready once for a document and its variables: the arguments are converted by then."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, Self

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    get_named_type,
    get_nullable_type,
    introspection_types,
    is_leaf_type,
)
from graphql.execution import VariableValues, get_argument_values
from graphql.execution.collect_fields import FieldDetails
from strawberry.schema import Schema
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from candlewick.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Call:
    """One field with its arguments, which resolvers read and never change."""

    definition: GraphQLField
    nodes: list[FieldNode]
    field: StrawberryField
    resolver: StrawberryResolver[Any]
    arguments: Mapping[str, Any]
    is_async: bool

    def __call__(self, source: object, info: GraphQLResolveInfo[Any]) -> Any:
        """What the resolver returns: something to be awaited, if it `is_async`."""
        given = {**self.arguments}
        if self.resolver.info_parameter is not None:
            given[self.resolver.info_parameter.name] = _schema(info).config.info_class(
                _raw_info=info, _field=self.field
            )
        return self.resolver.wrapped_func(source, **given)  # type: ignore[operator] # a function, since it has `self`

    @classmethod
    def of(
        cls, schema: Any, on: GraphQLObjectType, details: Sequence[FieldDetails], variables: VariableValues
    ) -> Self | None:
        """The call of a resolver that is asynchronous or has values; None for others, and if arguments are at fault."""
        first = details[0]
        definition = schema.get_field(on, first.node.name.value)
        field = definition.extensions.get("strawberry-definition") if definition else None
        resolver = _plain_resolver(field)
        if definition is None or first.fragment_variable_values is not None or field is None or resolver is None:
            return None
        is_async = inspect.iscoroutinefunction(resolver.wrapped_func)
        if not is_async and not is_leaf_type(get_named_type(definition.type)):
            return None
        ours: Schema = schema._strawberry_schema  # noqa: SLF001 # as Strawberry itself finds it
        try:
            raw = get_argument_values(definition, first.node, variables)
            made = convert_arguments(raw, field.arguments, ours.schema_converter.scalar_registry, ours.config)
        except (GraphQLError, InvalidInput):
            return None
        nodes = [each.node for each in details]
        lasting = all(map(_is_lasting, made.values()))
        return cls(definition, nodes, field, resolver, made, is_async) if lasting else None


@dataclass(frozen=True, slots=True)
class Told:
    """A value that introspection tells of a type, a field or the like: a schema has ten thousand of them."""

    resolve: Callable[[object, None], Any]
    type: GraphQLLeafType
    nullable: bool

    def __call__(self, source: object) -> Any:
        """The value as it goes on the wire.

        Raises:
            Exception: there is none; the stock executor knows what to say.
        """
        value = self.resolve(source, None)
        if value is None and self.nullable:
            return None
        return self.type.coerce_output_value(value)

    @classmethod
    def of(cls, on: GraphQLObjectType, details: Sequence[FieldDetails]) -> Self | None:
        """How it is told; None if the field is none of introspection's, or more than a value."""
        definition = on.fields.get(details[0].node.name.value)
        if introspection_types.get(on.name) is not on or definition is None or definition.args:
            return None
        type_ = get_nullable_type(definition.type)
        if definition.resolve is None or not is_leaf_type(type_):
            return None
        return cls(definition.resolve, type_, nullable=type_ is definition.type)


def _schema(info: GraphQLResolveInfo[Any]) -> Any:
    return info.schema._strawberry_schema  # type: ignore[attr-defined] # noqa: SLF001


def _plain_resolver(field: object) -> StrawberryResolver[Any] | None:
    """The field's resolver, if it is a function that takes its object as `self`, and nothing stands before it."""
    if type(field) is not StrawberryField or field.extensions or field.base_resolver is None:
        return None
    resolver = field.base_resolver
    reserved = (resolver.parent_parameter, resolver.root_parameter)
    plain = resolver.self_parameter is not None and reserved == (None, None)
    return resolver if plain and inspect.isfunction(resolver.wrapped_func) else None


def _is_lasting(value: object) -> bool:
    """Whether the next operation may have the same object: not a list, which anybody may change."""
    if isinstance(value, list | dict | set):
        return False
    inner = vars(value).values() if is_dataclass(value) and hasattr(value, "__dict__") else ()
    return all(map(_is_lasting, inner))

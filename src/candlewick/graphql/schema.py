"""The schema: what the types add up to."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.schema.config import StrawberryConfig

from candlewick.graphql.mutations import Mutation
from candlewick.graphql.queries import Query
from candlewick.graphql.scalars import SCALARS
from candlewick.graphql.subscriptions import Subscription


def _refined(built: strawberry.Schema) -> strawberry.Schema:
    """What Strawberry leaves out.

    A default of null says no more than none. And graphql-core checks @oneOf itself, in variables too, once it knows.
    """
    for type_ in core(built).type_map.values():
        if isinstance(type_, GraphQLObjectType):
            _drop_null_defaults(chain.from_iterable(field.args.values() for field in type_.fields.values()))
        if isinstance(type_, GraphQLInputObjectType):
            _drop_null_defaults(type_.fields.values())
            type_.is_one_of = type_.extensions["strawberry-definition"].is_one_of
    return built


def _drop_null_defaults(inputs: Iterable[GraphQLArgument | GraphQLInputField]) -> None:
    for taken in inputs:
        if taken.default_value is None:
            taken.default_value = Undefined


def core(built: Any) -> GraphQLSchema:
    """The same for graphql-core."""
    return built._schema  # type: ignore[no-any-return] # noqa: SLF001 # there is no public way


schema: Final = _refined(
    strawberry.Schema(
        query=Query, mutation=Mutation, subscription=Subscription, config=StrawberryConfig(scalar_map=SCALARS)
    )
)

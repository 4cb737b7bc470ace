"""The schema: what the types add up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLError,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from candlewick.graphql.queries import Query
from candlewick.graphql.scalars import SCALARS


class FromDocuments(SchemaExtension):
    """Takes parsing and validation from the context's documents, which remember both."""

    def on_parse(self) -> Iterator[None]:
        self.prepared = self.execution_context.context.documents.prepare(self.execution_context.query or "")
        self.execution_context.graphql_document = self.prepared.document
        yield

    def on_validate(self) -> Iterator[None]:
        errors = [GraphQLError(error["message"], extensions=error["extensions"]) for error in self.prepared.errors]
        self.execution_context.pre_execution_errors = errors
        yield


class Schema(strawberry.Schema):
    """Strawberry's, except that errors are logged where they become a response, with its trace id."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        pass


def _refined(built: Schema) -> Schema:
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


schema: Final = _refined(Schema(query=Query, extensions=[FromDocuments], config=StrawberryConfig(scalar_map=SCALARS)))


def sdl() -> str:
    """The schema in the schema definition language, as `schema.graphql` keeps it."""
    return schema.as_str().replace("directive @oneOf on INPUT_OBJECT\n", "").strip() + "\n"

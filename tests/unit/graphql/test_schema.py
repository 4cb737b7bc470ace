"""The schema as a document: exported, described, named as Relay wants it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    print_schema,
)

from candlewick.domain.candle import CandleOrigin as StoredOrigin
from candlewick.graphql.schema import core, schema
from candlewick.graphql.sdl import VALUES, answers, is_page, sdl
from candlewick.graphql.types.enums import CandleOrigin

EXPORT = Path(__file__).parents[3] / "schema.graphql"


def test_the_exported_schema_is_in_step() -> None:
    assert EXPORT.read_text(encoding="utf-8") == sdl(), "run `candlewick schema > schema.graphql`"


def test_the_export_is_a_schema_that_other_tools_can_read() -> None:
    assert sdl().endswith("}\n")
    assert "type Query" in print_schema(build_schema(sdl()))


def without_id() -> set[str]:
    """Types that a client can neither keep under an id nor fetch again."""
    objects = [type_ for type_ in core(schema).type_map.values() if isinstance(type_, GraphQLObjectType)]
    roots = {"Query", "Mutation", "Subscription"}
    return {
        type_.name
        for type_ in objects
        if not type_.name.startswith("__")
        and type_.name not in roots
        and not is_page(type_)
        and "id" not in type_.fields
    }


def test_a_type_without_an_id_is_named_among_the_values() -> None:
    """Or it is an outcome or an event. Name it in `candlewick.graphql.sdl.VALUES`, or give it an id."""
    assert without_id() - {*answers(core(schema))} == {*VALUES}


def test_whatever_has_an_id_can_be_fetched_by_it() -> None:
    objects = [type_ for type_ in core(schema).type_map.values() if isinstance(type_, GraphQLObjectType)]

    assert [
        type_.name
        for type_ in objects
        if "id" in type_.fields and "Node" not in {interface.name for interface in type_.interfaces}
    ] == []


def undescribed() -> Iterator[str]:
    for name, type_ in core(schema).type_map.items():
        if name.startswith("__"):
            continue
        if not type_.description:
            yield name
        if isinstance(type_, GraphQLEnumType):
            yield from (f"{name}.{key}" for key, value in type_.values.items() if not value.description)
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            yield from (f"{name}.{key}" for key, field in type_.fields.items() if not field.description)
        if isinstance(type_, GraphQLObjectType):
            for key, field in type_.fields.items():
                yield from (f"{name}.{key}({arg})" for arg, taken in field.args.items() if not taken.description)


def test_everything_is_described() -> None:
    assert list(undescribed()) == []


def test_every_stored_origin_can_be_asked_for() -> None:
    assert {origin.wanted for origin in CandleOrigin} == {None, *StoredOrigin}

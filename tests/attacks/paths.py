"""How every field of the schema is reached: the shortest way from a root, with arguments that are in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_input_object_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

KEY = "test:BTC-USD"
SAMPLES = {
    "BigInt": '"1"',
    "Boolean": "false",
    "Date": '"2024-08-08"',
    "DateTime": '"2024-08-08T00:00:00Z"',
    "Decimal": '"1.5"',
    "Duration": '"PT5M"',
    "Float": "1.5",
    "ID": '"Sm9iOjE"',
    "Int": "1",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One field on the way, on an object of a type."""

    on: str
    name: str
    field: GraphQLField

    def written(self, alias: str = "", **arguments: str) -> str:
        """With what it needs, or with the given arguments instead."""
        needed = {name: sample(each.type, name) for name, each in self.field.args.items() if is_required_argument(each)}
        listed = ", ".join(f"{name}: {value}" for name, value in (needed | arguments).items())
        return f"{alias}{self.name}({listed})" if listed else f"{alias}{self.name}"


@dataclass(frozen=True, slots=True)
class Way:
    """From a root to a field."""

    root: str
    steps: tuple[Step, ...]

    @property
    def end(self) -> Step:
        return self.steps[-1]

    @property
    def name(self) -> str:
        return f"{self.end.on}.{self.end.name}"

    def document(self, variables: str = "", selected: str | None = None, **arguments: str) -> str:
        """An operation with nothing but this field in it."""
        below = get_named_type(self.end.field.type)
        inner = selected if selected is not None else ("{ __typename }" if is_composite_type(below) else "")
        text = f"{self.end.written(**arguments)} {inner}"
        for before, step in zip(reversed(self.steps[:-1]), reversed(self.steps[1:]), strict=True):
            within = get_named_type(before.field.type)
            text = f"... on {step.on} {{ {text} }}" if within.name != step.on else text
            text = f"{before.written()} {{ __typename {text} }}"
        return f"{self.root} {variables} {{ {text} }}"


def ways(schema: GraphQLSchema) -> Iterator[Way]:
    """One way to each field of each type that can be reached."""
    types = (schema.query_type, schema.mutation_type, schema.subscription_type)
    roots = zip(("query", "mutation", "subscription"), types, strict=True)
    seen: set[str] = set()
    for root, type_ in roots:
        waiting: deque[tuple[GraphQLObjectType, tuple[Step, ...]]] = deque()
        if type_ is not None:
            waiting.append((type_, ()))
        while waiting:
            on, before = waiting.popleft()
            if on.name in seen:
                continue
            seen.add(on.name)
            for name, field in on.fields.items():
                way = Way(root, (*before, Step(on.name, name, field)))
                yield way
                waiting.extend((member, way.steps) for member in _members(schema, field))


def _members(schema: GraphQLSchema, field: GraphQLField) -> Iterator[GraphQLObjectType]:
    """What its objects can be. Those of an interface have better ways, that find something."""
    below = get_named_type(field.type)
    if isinstance(below, GraphQLObjectType):
        yield below
    if isinstance(below, GraphQLUnionType):
        yield from schema.get_possible_types(below)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is written: in an argument, or in a field of an input object in one."""

    way: Way
    path: tuple[str, ...]
    type: GraphQLInputType

    @property
    def name(self) -> str:
        return f"{self.way.name}({'.'.join(self.path)})"

    @property
    def argument(self) -> GraphQLArgument:
        return self.way.end.field.args[self.path[0]]

    def with_literal(self, literal: str) -> str:
        """The document that has the literal there."""
        written = _written(self.argument.type, self.path[1:], literal)
        return self.way.document(**{self.path[0]: written})

    def with_variable(self) -> str:
        """The document that takes the value as `$it`."""
        written = _written(self.argument.type, self.path[1:], "$it")
        return self.way.document(f"Hostile($it: {self.type})", **{self.path[0]: written})


def places(schema: GraphQLSchema) -> Iterator[Place]:
    """Every argument, and every field of every input object in one."""
    for way in ways(schema):
        for name, argument in way.end.field.args.items():
            yield from _within(way, (name,), argument.type)


def _within(way: Way, path: tuple[str, ...], type_: GraphQLInputType) -> Iterator[Place]:
    yield Place(way, path, type_)
    below = get_nullable_type(type_)
    if is_input_object_type(below):
        for name, field in below.fields.items():
            wanted = GraphQLNonNull(get_nullable_type(field.type)) if below.is_one_of else field.type
            yield from _within(way, (*path, name), wanted)


def sample(type_: GraphQLInputType, name: str = "") -> str:
    """A literal that is in order."""
    nullable = get_nullable_type(type_)
    if is_list_type(nullable):
        return f"[{sample(nullable.of_type, name)}]"
    if isinstance(nullable, GraphQLEnumType):
        return str(next(iter(nullable.values)))
    if isinstance(nullable, GraphQLInputObjectType):
        return _object(nullable, "", "")
    named = get_named_type(type_)
    if named.name == "String":
        return f'"{KEY}"' if name in {"key", "instrument", "instruments"} else '"test"'
    return SAMPLES[named.name]


def _written(type_: GraphQLInputType, path: tuple[str, ...], literal: str) -> str:
    if not path:
        return literal
    below = get_nullable_type(type_)
    assert isinstance(below, GraphQLInputObjectType)
    return _object(below, path[0], _written(below.fields[path[0]].type, path[1:], literal))


def _object(type_: GraphQLInputObjectType, name: str, literal: str) -> str:
    """An input object with what it needs, and with the literal at that name."""
    needed = {each: sample(field.type, each) for each, field in type_.fields.items() if is_required_input_field(field)}
    if name:
        needed |= {name: literal}
    elif type_.is_one_of:
        first, field = next(iter(type_.fields.items()))
        needed = {first: sample(GraphQLNonNull(get_nullable_type(field.type)), first)}
    if type_.is_one_of and name:
        needed = {name: literal}
    return "{" + ", ".join(f"{each}: {value}" for each, value in needed.items()) + "}"

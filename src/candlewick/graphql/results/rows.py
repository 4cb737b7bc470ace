"""Rows by plan: completed column by column. What the stock executor checks a value is checked a column here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice, repeat
from operator import attrgetter
from types import NoneType
from typing import Any, Final

from graphql import GraphQLResolveInfo, Undefined
from graphql.pyutils import UndefinedType
from strawberry.schema.schema_converter import CustomGraphQLEnumType

from candlewick.graphql.results.plan import Constant, Leaf, Nested, Plan

type Column = Sequence[Any]

_AS_THEY_ARE: Final[Mapping[str, type]] = {"Decimal": str, "String": str, "Boolean": bool}
"""Scalars that leave values of a type alone, which saves a call a value."""


class Surprise(Exception):
    """The rows hold something that the plan does not foresee; the stock executor knows what to say."""


def completed(plan: Plan, rows: Sequence[object], info: GraphQLResolveInfo[Any]) -> list[dict[str, Any]]:
    """The rows as the response has them.

    Raises:
        Surprise: one of them is null, of another type, or has a value that its field cannot have.
    """
    _check(plan, rows, info)
    leaves = list(plan.leaves())
    columns = iter([_coerced(leaf, column) for leaf, column in zip(leaves, _columns(leaves, rows), strict=True)])
    return [*_objects(plan, columns, len(rows))]


def _check(plan: Plan, rows: Sequence[object], info: GraphQLResolveInfo[Any]) -> None:
    """Look at one row of each class: all that is asked of a row is asked of its class."""
    examples = {type(row): row for row in rows}
    if any(map(_is_no_value, examples)):
        raise Surprise
    is_type_of = plan.type.is_type_of
    if is_type_of is not None and not all(is_type_of(row, info) is True for row in examples.values()):
        raise Surprise
    for field in plan.fields:
        if isinstance(field, Nested):
            _check(field.plan, _read(attrgetter(field.attribute), rows), info)


def _is_no_value(kind: type) -> bool:
    """Whether things of that class stand for something else: nothing, an error, a value to come."""
    return kind in {NoneType, UndefinedType} or issubclass(kind, Exception) or hasattr(kind, "__await__")


def _columns(leaves: Sequence[Leaf], rows: Sequence[object]) -> Iterable[Column]:
    if not leaves:
        return ()
    values = _read(attrgetter(*(leaf.path for leaf in leaves)), rows)
    return [values] if len(leaves) == 1 else zip(*values, strict=True)


def _read(attributes: attrgetter[Any], rows: Sequence[object]) -> list[Any]:
    try:
        return [*map(attributes, rows)]
    except Exception as exc:  # there is none, or a property failed
        raise Surprise from exc


def _coerced(leaf: Leaf, column: Column) -> Column:
    kinds = set(map(type, column))
    if leaf.nullable:
        kinds.discard(NoneType)
    if any(map(_is_no_value, kinds)):
        raise Surprise
    if leaf.elements is not None:
        return _lists(leaf, column, kinds)
    if kinds <= {_AS_THEY_ARE.get(leaf.type.name)}:
        return column
    few = isinstance(leaf.type, CustomGraphQLEnumType) and kinds <= {leaf.type.wrapped_cls}
    try:
        return _by_value(leaf, column) if few else _by_row(leaf, column)
    except Exception as exc:
        raise Surprise from exc


def _lists(leaf: Leaf, column: Column, kinds: set[type]) -> Column:
    """Lists of values, all of them as one column; then each list gets as many back as it had."""
    if not kinds <= {list, tuple}:
        raise Surprise
    element = replace(leaf, nullable=bool(leaf.elements), elements=None)
    values = iter(_coerced(element, [*chain.from_iterable(each for each in column if each is not None)]))
    return [None if each is None else [*islice(values, len(each))] for each in column]


def _by_row(leaf: Leaf, column: Column) -> Column:
    coerce = leaf.type.coerce_output_value
    values = [None if value is None else coerce(value) for value in column]
    if Undefined in values or values.count(None) != column.count(None):
        raise ValueError(leaf.type.name)
    return values


def _by_value(leaf: Leaf, column: Column) -> Column:
    """The same for a type of few values."""
    known = {value: None if value is None else leaf.type.coerce_output_value(value) for value in set(column)}
    return [known[value] for value in column]


def _objects(plan: Plan, columns: Iterator[Column], count: int) -> Iterator[dict[str, Any]]:
    if not plan.fields:
        return ({} for _ in range(count))
    keys = [field.key for field in plan.fields]
    parts = [_part(field, columns, count) for field in plan.fields]
    return (dict(zip(keys, values, strict=True)) for values in zip(*parts, strict=True))


def _part(field: Constant | Leaf | Nested, columns: Iterator[Column], count: int) -> Any:
    if isinstance(field, Constant):
        return repeat(field.text, count)
    if isinstance(field, Leaf):
        return next(columns)
    return _objects(field.plan, columns, count)

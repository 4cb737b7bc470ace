"""Which answers will be the same for a while: candles of ranges that are closed, and nothing beside them.

Looked at before an operation is run, with the values that execution will use. What cannot be told for sure counts as
not settled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)
from graphql.execution import VariableValues, get_argument_values, get_variable_values

from candlewick.domain.errors import InvalidInput
from candlewick.domain.interval import Duration
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window
from candlewick.graphql.types.enums import Adjustment, Interval

_CANDLES: Final = frozenset({"candles", "candleColumns"})
_LASTING: Final = frozenset({"__typename", "id", "key"})
"""What of an instrument never changes."""
_LONGER: Final = timedelta(hours=3)
"""By so much, at the most, a day of some time zone is longer than 24 hours."""
_INSTANT: Final = timedelta(microseconds=1)

type Spans = Mapping[InstrumentKey, Window]


def spans_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: dict[str, Any] | None
) -> Spans | None:
    """For each instrument the span that its candles stand for; None if the answer has anything else."""
    if operation.operation is not OperationType.QUERY:
        return None
    values = get_variable_values(schema, operation.variable_definitions or (), variables or {})
    if isinstance(values, list):
        return None
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    try:
        return _Look(schema, fragments, values).at(operation.selection_set)
    except (_Unsettled, GraphQLError, InvalidInput):
        return None


class _Unsettled(Exception):
    """There is something else in the answer."""


class _Look:
    """At one operation."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], values: VariableValues
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._values = values

    def at(self, root: SelectionSetNode) -> Spans:
        spans: dict[InstrumentKey, Window] = {}
        query = self._type("Query")
        for field in self._fields([root]):
            if field.name.value == "__typename":
                continue
            if field.name.value != "instrument" or field.selection_set is None:
                raise _Unsettled
            key = InstrumentKey.parse(self._arguments(query, field)["key"])
            for window in self._windows(field.selection_set):
                known = spans.get(key, window)
                spans[key] = Window(min(known.start, window.start), max(known.end, window.end))
        if not spans:
            raise _Unsettled
        return spans

    def _windows(self, selected: SelectionSetNode) -> Iterator[Window]:
        instrument = self._type("Instrument")
        for field in self._fields([selected]):
            if field.name.value in _CANDLES:
                yield _span(self._arguments(instrument, field))
            elif field.name.value not in _LASTING:
                raise _Unsettled

    def _fields(self, sets: Sequence[SelectionSetNode]) -> Iterator[FieldNode]:
        """What is selected, fragments spread out, whatever @skip and @include say."""
        seen, left = set(), list(sets)
        while left:
            for node in left.pop().selections:
                match node:
                    case FieldNode():
                        yield node
                    case InlineFragmentNode():
                        left.append(node.selection_set)
                    case FragmentSpreadNode() if node.name.value not in seen:
                        seen.add(node.name.value)
                        left.append(self._fragments[node.name.value].selection_set)

    def _arguments(self, on: GraphQLObjectType, field: FieldNode) -> Mapping[str, Any]:
        return get_argument_values(on.fields[field.name.value], field, self._values)

    def _type(self, name: str) -> GraphQLObjectType:
        found = self._schema.get_type(name)
        if not isinstance(found, GraphQLObjectType):
            raise _Unsettled
        return found


def _span(arguments: Mapping[str, Any]) -> Window:
    """From the first candle's open to the last one's close."""
    within = arguments.get("range")
    if within is None or arguments.get("adjust", Adjustment.NONE) not in {Adjustment.NONE, Adjustment.NONE.value}:
        raise _Unsettled
    window = Window(within["from"], within["to"])
    return Window(window.start, _closed(arguments["spec"], window.end))


def _closed(spec: Mapping[str, Any], end: datetime) -> datetime:
    """When the last candle closes that opens before `end`, at the latest. Sessions are as a calendar says, today."""
    if spec.get("event"):
        raise _Unsettled
    if name := spec.get("interval"):
        width = Interval(name).duration
        return width.after(width.floor(end - _INSTANT))
    time = spec["time"]
    width = time["every"]
    if not isinstance(width, Duration) or time.get("session") is not None:
        raise _Unsettled
    return width.after(end) + _LONGER

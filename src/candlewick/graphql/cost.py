"""What an operation costs, before any of it is run: the most values that its answer can have.

Each selected field counts once for each object that it is selected on. How many those are is said by `first`, `last`
and `range`, with the values that execution will use for them: literals, variables that were sent, and defaults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final, Self, cast

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    parse,
)
from graphql.execution import VariableValues, get_argument_values

from candlewick.domain.indicator_query import MOST_SERIES
from candlewick.domain.interval import Duration
from candlewick.graphql.faults import CostExceeded, PageOutOfBounds
from candlewick.graphql.limits import DEFAULT_LISTED, DEFAULT_ROWS, MAX_BODY, MAX_EVENT_ROWS, MAX_ROWS
from candlewick.graphql.shape import INTROSPECTION
from candlewick.graphql.types.enums import Interval
from candlewick.indicators.catalogue import CATALOGUE

READ: Final = 10
"""What a list costs beside its values: it is read from the database."""
LISTED: Final = 10
"""Elements of a list that nothing says the length of."""
SCHEMA_SHARE: Final = 0.8
"""The part of the bound that the whole schema costs, as code generators ask for it: nobody needs it twice."""
_SIZES: Final = ("first", "last", "points")
"""Arguments that say how many rows there are at the most."""
_BYTES: Final = 100
"""Bytes of a text that count as one value."""

type _Grouped = dict[GraphQLCompositeType, dict[str, list[FieldNode]]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What an operation costs, and what one may."""

    actual: int
    limit: int

    @property
    def extension(self) -> dict[str, int]:
        """As answers carry it."""
        return {"limit": self.limit, "actual": self.actual}


class Tariff:
    """The costs of one schema's operations."""

    def __init__(self, schema: GraphQLSchema, limit: int, page_rows: int = MAX_ROWS) -> None:
        self.limit = limit
        self.page_rows = page_rows
        self.schema = schema
        self._lengths = _lengths(schema)
        self._fields: dict[tuple[str, str], _Field | None] = {}
        self.schema_price = 1.0
        self.schema_price = max(1.0, SCHEMA_SHARE * limit / self._cost_of_schema())

    def cost(self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues) -> Cost:
        """The cost of an operation of a valid document.

        Raises:
            CostExceeded: it is beyond the bound.
            PageOutOfBounds: a page of it is.
        """
        actual = self._estimated(document, operation, variables)
        if actual > self.limit:
            raise CostExceeded(actual, self.limit)
        return Cost(actual, self.limit)

    def _estimated(self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues) -> int:
        root = self.schema.get_root_type(operation.operation)
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        estimate = _Estimate(self, fragments, variables)
        return estimate.selections(root, [operation.selection_set]) if root else 0

    def _cost_of_schema(self) -> int:
        document = parse(
            get_introspection_query(
                specified_by_url=True,
                directive_is_repeatable=True,
                schema_description=True,
                input_value_deprecation=True,
                one_of=True,
            )
        )
        operation = cast("OperationDefinitionNode", document.definitions[0])
        return self._estimated(document, operation, VariableValues({}, {}))

    def field(self, on: GraphQLCompositeType, name: str) -> _Field | None:
        """The field of that name; None if there is none."""
        key = (on.name, name)
        if key not in self._fields:
            found = self.schema.get_field(on, name)
            self._fields[key] = _Field.of(found, self._lengths.get(f"{on.name}.{name}")) if found else None
        return self._fields[key]


def _lengths(schema: GraphQLSchema) -> Mapping[str, int]:
    """How long lists are that no argument says the length of, as far as that can be known: by type and field."""
    return {**_event_lengths(schema), **_introspection_lengths(schema), **_catalogue_lengths()}


def _catalogue_lengths() -> dict[str, int]:
    """Of the indicators' catalogue, and what an indicator of it has at the most."""
    return {
        "Query.indicatorCatalogue": len(CATALOGUE),
        "IndicatorSpec.parameters": max(len(spec.parameters) for spec in CATALOGUE.values()),
        "IndicatorSeries.parameters": max(len(spec.parameters) for spec in CATALOGUE.values()),
        "IndicatorPoint.values": max(len(spec.outputs) for spec in CATALOGUE.values()),
    }


def _event_lengths(schema: GraphQLSchema) -> dict[str, int]:
    """What one event of a subscription carries."""
    fields = schema.subscription_type.fields.values() if schema.subscription_type else ()
    events = [get_named_type(each.type) for each in fields]
    members = [member for event in events for member in getattr(event, "types", [event])]
    return {
        f"{member.name}.{name}": MOST_SERIES if get_named_type(each.type).name == "IndicatorSeries" else MAX_EVENT_ROWS
        for member in members
        for name, each in member.fields.items()
        if is_list_type(get_nullable_type(each.type)) and is_composite_type(get_named_type(each.type))
    }


def _introspection_lengths(schema: GraphQLSchema) -> dict[str, int]:
    """How long the lists of introspection are, on the average: what they have in all is bounded by the schema."""
    types = schema.type_map.values()
    fields = [each for type_ in types for each in getattr(type_, "fields", {}).values()]
    each_type = {
        "fields": len(fields),
        "inputFields": len(fields),
        "enumValues": sum(len(getattr(type_, "values", ())) for type_ in types),
        "possibleTypes": sum(len(getattr(type_, "types", ())) for type_ in types) + len(types),
        "interfaces": sum(len(getattr(type_, "interfaces", ())) for type_ in types),
    }
    arguments = sum(len(getattr(each, "args", ())) for each in fields)
    return {
        "__Schema.types": len(types),
        "__Schema.directives": len(schema.directives),
        "__Directive.args": 1,
        "__Field.args": -(-arguments // max(len(fields), 1)),
        **{f"__Type.{name}": -(-count // len(types)) for name, count in each_type.items()},
    }


@dataclass(frozen=True, slots=True)
class _Field:
    """What there is to know of a field of the schema."""

    definition: GraphQLField
    below: GraphQLCompositeType | None
    """The type of the objects that it has; None: values."""
    is_list: bool
    length: int | None

    @property
    def is_page(self) -> bool:
        return not self.definition.args.keys().isdisjoint(_SIZES)

    @property
    def is_bundle(self) -> bool:
        """Whether it is a list of series, each of which has a page's points."""
        return self.is_page and "of" in self.definition.args

    @classmethod
    def of(cls, definition: GraphQLField, length: int | None) -> Self:
        named = get_named_type(definition.type)
        below = named if is_composite_type(named) else None
        return cls(definition, below, is_list_type(get_nullable_type(definition.type)), length)


@dataclass(slots=True)
class _Estimate:
    """One operation. What is spread several times is looked at once: time grows with the document, not its answer."""

    tariff: Tariff
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues
    _known: dict[tuple[object, ...], int] = field(default_factory=dict)

    def selections(self, on: GraphQLCompositeType, sets: Sequence[SelectionSetNode], page: int | None = None) -> int:
        """The cost of what is selected on one object. `page`: how long the lists right below it are, if that is known.

        An object has one type: of what is selected on several, the dearest counts.
        """
        key = (on.name, page, *map(id, sets))
        if key not in self._known:
            grouped: _Grouped = {}
            seen: set[str] = set()
            for each in sets:
                self._collect(on, each, grouped, seen)
            costs = {
                type_: sum(self._field(type_, nodes, page) for nodes in fields.values())
                for type_, fields in grouped.items()
            }
            exclusive = [cost for type_, cost in costs.items() if isinstance(type_, GraphQLObjectType)]
            shared = [cost for type_, cost in costs.items() if not isinstance(type_, GraphQLObjectType)]
            self._known[key] = sum(shared) + max(exclusive, default=0)
        return self._known[key]

    def _collect(self, on: GraphQLCompositeType, node: SelectionSetNode, grouped: _Grouped, seen: set[str]) -> None:
        """Group fields by the type they are selected on and by their name in the answer, as execution will."""
        for selection in filter(self._included, node.selections):
            match selection:
                case FieldNode():
                    name = (selection.alias or selection.name).value
                    grouped.setdefault(on, {}).setdefault(name, []).append(selection)
                case FragmentSpreadNode():
                    fragment = self.fragments.get(selection.name.value)
                    if fragment is not None and selection.name.value not in seen:
                        seen.add(selection.name.value)
                        condition = fragment.type_condition.name.value
                        self._collect(self._narrowed(on, condition), fragment.selection_set, grouped, seen)
                case InlineFragmentNode():
                    condition = selection.type_condition.name.value if selection.type_condition else on.name
                    self._collect(self._narrowed(on, condition), selection.selection_set, grouped, seen)

    def _narrowed(self, on: GraphQLCompositeType, condition: str) -> GraphQLCompositeType:
        found = self.tariff.schema.get_type(condition)
        return found if not isinstance(on, GraphQLObjectType) and is_composite_type(found) else on

    def _field(self, on: GraphQLCompositeType, nodes: Sequence[FieldNode], page: int | None) -> int:
        """The cost of one field of the answer, which several nodes may select more of."""
        field = self.tariff.field(on, nodes[0].name.value)
        if field is None:
            return 0
        arguments = self._arguments(field.definition, nodes[0])
        if arguments is None:  # execution will say what is wrong with them, and read nothing
            return 1
        size = _page_size(field, arguments)
        if size is not None and field.below is not None and size > self.tariff.page_rows:
            named = next((name for name in _SIZES if arguments.get(name)), None)
            if named is not None:  # else it is a range, which the field itself refuses
                raise PageOutOfBounds(named, size, self.tariff.page_rows)
        below = _asked(arguments) if size is None else size
        length = _first_known(size, field.length, page, below) if field.is_list else 1
        if field.is_bundle:
            length = len(arguments.get("of", ()))
        if field.below is None:
            return (length or 1) if field.is_list else 1 + -(-(size or 0) // _BYTES)
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        inner = self.selections(field.below, sets, below if field.is_bundle or not field.is_list else None)
        cost = 1 + READ * (size is not None) + inner * (LISTED if length is None else length)
        return ceil(cost * self.tariff.schema_price) if nodes[0].name.value in INTROSPECTION else cost

    def _arguments(self, definition: GraphQLField, node: FieldNode) -> Mapping[str, Any] | None:
        if not definition.args:
            return {}
        try:
            return get_argument_values(definition, node, self.variables)
        except GraphQLError:
            return None

    def _included(self, node: SelectionNode) -> bool:
        """Whether @skip and @include leave it in."""
        return not any(
            self._flag(directive.arguments[0].value) is (directive.name.value == "skip")
            for directive in node.directives or ()
            if directive.name.value in {"skip", "include"} and directive.arguments
        )

    def _flag(self, node: object) -> bool | None:
        match node:
            case BooleanValueNode():
                return node.value
            case VariableNode():
                found = self.variables.coerced.get(node.name.value)
                return found if isinstance(found, bool) else None
        return None


def _first_known(*lengths: int | None) -> int | None:
    return next((length for length in lengths if length is not None), None)


def _asked(arguments: Mapping[str, Any]) -> int | None:
    """How many things are named by the longest of the arguments that are lists."""
    return max((len(value) for value in arguments.values() if isinstance(value, list)), default=None)


def _page_size(field: _Field, arguments: Mapping[str, Any]) -> int | None:
    """How many rows a page has at the most; None if the field is no page.

    A page that will be refused counts as the largest that may be. A window of time has no more candles than fit in.
    """
    if not field.is_page:
        return None
    asked = [value for name in _SIZES if isinstance(value := arguments.get(name), int)]
    default = DEFAULT_ROWS if "range" in field.definition.args else DEFAULT_LISTED
    if field.is_bundle and arguments.get("range"):
        default = MAX_ROWS
    rows = max(0, min(max(asked, default=default), MAX_BODY if field.below is None else MAX_ROWS))
    return min(rows, _windows(arguments.get("spec"), arguments.get("range"), rows))


def _windows(spec: Any, between: Any, most: int) -> int:
    """How many candles open within a span of time."""
    if not isinstance(spec, Mapping) or not isinstance(between, Mapping):
        return most
    start, end, width = between.get("from"), between.get("to"), _width(spec)
    if start is None or end is None or width is None or width.months or end <= start:
        return most
    return int(-(-(end - start) // width.span))


def _width(spec: Mapping[str, Any]) -> Duration | None:
    match spec.get("time"):
        case {"every": Duration() as width}:
            return width
    return Interval(spec["interval"]).duration if spec.get("interval") else None

"""The executor: Strawberry's, but for lists of plain fields and for columns of leaf values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Self

from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfo, introspection_types
from graphql.execution.collect_fields import FieldDetails, GroupedFieldSet
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as StockExecutor

from candlewick.graphql.results.calls import Told
from candlewick.graphql.results.memory import Memory
from candlewick.graphql.results.plan import Plan
from candlewick.graphql.results.plans import Plans
from candlewick.graphql.results.rows import Surprise, completed
from candlewick.graphql.results.written import WrittenColumn, WrittenRows

_TYPE: Final = introspection_types["__Type"]


class Column[Value](list[Value]):
    """Leaf values as they go on the wire: nothing of them is left to be serialised or checked one by one."""


class Executor(StockExecutor):
    """Completes lists by plan where it can: one plan a list, kept with the document for the next request.

    It overrides what graphql-core calls private. `tests/unit/graphql/results` holds it to the stock executor's answers.
    """

    plans: Plans
    memory: Memory | None = None
    """What is known from the last time of this operation with these variables."""

    _types: dict[tuple[str, int], Any] | None = None

    def remembering(self, memory: Memory) -> Self:
        """The same, with a memory."""
        self.memory = memory
        self._relevant_sub_fields = memory.subfields
        return self

    def execute_collected_root_fields(
        self, root_type: Any, root_value: Any, grouped_field_set: GroupedFieldSet, *more: Any
    ) -> Any:
        """See the stock executor."""
        fields = self.memory.fields(grouped_field_set) if self.memory else grouped_field_set
        return super().execute_collected_root_fields(root_type, root_value, fields, *more)

    def execute_field(
        self, parent_type: GraphQLObjectType, source: Any, field_details_list: Any, path: Path, position_context: Any
    ) -> Any:
        """See the stock executor, which would convert the arguments anew."""
        call = self.memory.call(parent_type, field_details_list) if self.memory else None
        if isinstance(call, Told):
            try:
                return call(source)
            except Exception:  # noqa: BLE001 # the stock executor makes an error of it
                call = None
        if call is None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        type_, info = call.definition.type, self.build_resolve_info(call.definition, call.nodes, parent_type, path)
        try:
            result = call(source, info)
            if not call.is_async:
                return self.complete_value(type_, field_details_list, info, path, result, position_context)
        except Exception as exc:  # noqa: BLE001 # whatever it is becomes the field's error, as the stock executor does
            self.handle_field_error(exc, type_, field_details_list, path)
            return None
        return self.complete_awaitable_value(type_, field_details_list, info, path, result, position_context)

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """See the stock executor. What introspection says of a type is the same at each of a thousand places."""
        if return_type is not _TYPE or position_context is not None:
            return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)
        if self._types is None:
            self._types = {}
        key = (str(result), id(field_details_list))
        if key not in self._types:
            self._types[key] = super().complete_object_value(
                return_type, field_details_list, info, path, result, position_context
            )
        return self._types[key]

    def complete_list_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        """See the stock executor."""
        if type(result) is Column:
            return result
        if type(result) is WrittenRows or type(result) is WrittenColumn:
            return result.json()
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> Any:
        """See the stock executor."""
        if isinstance(items, list | tuple) and items and not self.middleware_manager:
            plan = self._plan(item_type, field_details_list)
            if plan is not None:
                try:
                    return completed(plan, items, info)
                except Surprise:
                    pass
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    def _plan(self, item_type: GraphQLOutputType, details: list[FieldDetails]) -> Plan | None:
        type_ = item_type.of_type if isinstance(item_type, GraphQLNonNull) else item_type
        return self.plans.of(
            type_,
            [each.node for each in details],
            self.variable_values.coerced,
            lambda: Plan.of(type_, details, self.collect_subfields),
        )

"""The executor: Strawberry's, but for lists of plain fields and for columns of leaf values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphql import GraphQLNonNull, GraphQLOutputType, GraphQLResolveInfo
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as StockExecutor

from candlewick.graphql.results.plan import Plan
from candlewick.graphql.results.plans import Plans
from candlewick.graphql.results.rows import Surprise, completed
from candlewick.graphql.results.written import WrittenColumn, WrittenRows


class Column[Value](list[Value]):
    """Leaf values as they go on the wire: nothing of them is left to be serialised or checked one by one."""


class Executor(StockExecutor):
    """Completes lists by plan where it can: one plan a list, kept with the document for the next request.

    It overrides what graphql-core calls private. `tests/unit/graphql/results` holds it to the stock executor's answers.
    """

    plans: Plans

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

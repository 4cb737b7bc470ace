"""The executor: Strawberry's, which takes columns of leaf values as they are."""

from __future__ import annotations

from typing import Any

from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext


class Column[Value](list[Value]):
    """Leaf values as they go on the wire: nothing of them is left to be serialised or checked one by one."""


class Executor(StrawberryGraphQLCoreExecutionContext):
    """Executes operations."""

    def complete_list_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        if type(result) is Column:
            return result
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)

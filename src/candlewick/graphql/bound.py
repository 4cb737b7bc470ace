"""Operations bound to their variables: what comes of the two alone is worked out once and remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self

import orjson
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution import VariableValues
from graphql.execution.collect_fields import FragmentDetails
from strawberry.execution.is_awaitable import optimized_is_awaitable

from candlewick.graphql.cost import Cost
from candlewick.graphql.executor import Executor
from candlewick.graphql.recent import Recent
from candlewick.graphql.results.lists import Lists
from candlewick.graphql.results.memory import Memory
from candlewick.graphql.results.plans import Plans

if TYPE_CHECKING:
    from candlewick.graphql.context import Context

_LONGEST: Final = 1_000
"""Bytes of variables that are remembered."""


class NotBound(Exception):
    """The variables are not what the operation asks for."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


@dataclass(slots=True)
class Bound:
    """An operation with its variables."""

    schema: GraphQLSchema
    document: DocumentNode
    node: OperationDefinitionNode
    fragment_definitions: dict[str, FragmentDefinitionNode]
    fragments: dict[str, FragmentDetails]
    values: VariableValues
    plans: Plans
    hide_suggestions: bool
    lists: Lists
    memory: Memory | None
    cost: Cost | None = None
    """None until it is asked for."""

    @classmethod
    def of(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        node: OperationDefinitionNode,
        variables: dict[str, Any] | None,
        plans: Plans,
        *,
        hide_suggestions: bool = False,
    ) -> Self:
        """Bind them.

        Raises:
            NotBound: what is wrong with the variables.
        """
        name = node.name.value if node.name else None
        built: Any = Executor.build(schema, document, None, None, variables, name, hide_suggestions=hide_suggestions)
        if not isinstance(built, Executor):
            raise NotBound(built)
        values = built.variable_values
        memory = Memory(schema, values) if node.operation is OperationType.QUERY else None
        lists = Lists.of(built, plans)
        definitions, fragments = built.fragment_definitions, built.fragments
        return cls(schema, document, node, definitions, fragments, values, plans, hide_suggestions, lists, memory)

    def executor(self, context: Context, root: object = None) -> Executor:
        """What runs it once."""
        made = Executor(
            self.schema,
            self.fragment_definitions,
            self.fragments,
            root,
            replace(context, lists=self.lists),
            self.node,
            self.values,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            hide_suggestions=self.hide_suggestions,
            is_awaitable=optimized_is_awaitable,
        )
        made.plans = self.plans
        return made.remembering(self.memory) if self.memory else made


class Bindings:
    """The operations that were bound just now, as far as their documents and variables are so many bytes together."""

    def __init__(self, most_bytes: int) -> None:
        self._recent: Recent[Bound] = Recent(most_bytes)

    def of(
        self, text: str, node: OperationDefinitionNode, variables: Mapping[str, Any] | None, bind: Callable[[], Bound]
    ) -> Bound:
        """What `bind` made of the document's text, its operation and equal variables the last time, or makes now."""
        try:
            said = orjson.dumps(variables, option=orjson.OPT_SORT_KEYS)
        except TypeError:  # a transport that is no JSON
            return bind()
        name = node.name.value if node.name else ""
        if len(said) > _LONGEST:
            return bind()
        return self._recent.get(f"{said.decode()}\n{name}\n{text}", lambda _: bind())

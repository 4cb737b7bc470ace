"""The lists of an operation, looked at before they are read: how their rows would have to be written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Self

from graphql import FieldNode, GraphQLObjectType, GraphQLResolveInfo, get_named_type
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails, GroupedFieldSet, collect_subfields

from candlewick.domain.written import MARK, RowTemplate
from candlewick.graphql.results.plan import Collect, Constant, Leaf, Plan
from candlewick.graphql.results.plans import Plans

_LISTS = ("nodes", "edges")
_CURSORS = {"startCursor", "endCursor"}


class Lists:
    """Knows the operation's fragments and variables, and remembers templates with the document."""

    def __init__(self, plans: Plans, variables: dict[str, Any], collect: Collect) -> None:
        self._plans = plans
        self._variables = variables
        self._collect = collect

    @classmethod
    def of(cls, executor: Executor[Any], plans: Plans) -> Self:
        """Of what the executor is about to run. It is not held: the context that it holds will hold this."""
        values = executor.variable_values
        collect = partial(collect_subfields, executor.schema, executor.fragments, values, executor.operation)
        return cls(plans, values.coerced, collect)

    def template(self, info: GraphQLResolveInfo[Any]) -> RowTemplate | None:
        """How the rows of the connection that is resolved are written; None if they have to be read as rows."""
        make = partial(self._template, get_named_type(info.return_type), info.field_nodes)
        return self._plans.of("template", info.field_nodes, self._variables, make)

    def _template(self, connection: object, nodes: Sequence[FieldNode]) -> RowTemplate | None:
        if not isinstance(connection, GraphQLObjectType):
            return None
        fields = self._collect(connection, [FieldDetails(node, None) for node in nodes]).grouped_field_set
        found = [details for details in fields.values() if _name(details) in _LISTS]
        if len(found) != 1:  # no rows, or rows twice
            return None
        name = _name(found[0])
        plan = Plan.of(get_named_type(connection.fields[name].type), found[0], self._collect)
        if plan is None or any(leaf.elements is not None for leaf in plan.leaves()):
            return None
        return _template_of(plan, has_ends=self._has_ends(connection, fields))

    def _has_ends(self, connection: GraphQLObjectType, fields: GroupedFieldSet) -> bool:
        """Whether the page's first and last cursors are selected."""
        page_info = get_named_type(connection.fields["pageInfo"].type)
        if not isinstance(page_info, GraphQLObjectType):
            return False
        selected = [details for details in fields.values() if _name(details) == "pageInfo"]
        inner = [self._collect(page_info, details).grouped_field_set for details in selected]
        return any(_name(details) in _CURSORS for fields in inner for details in fields.values())


def _name(details: Sequence[FieldDetails]) -> str:
    return details[0].node.name.value


def _template_of(plan: Plan, *, has_ends: bool) -> RowTemplate:
    pieces, columns = [""], list[str]()
    _write(plan, pieces, columns)
    cursors = any(MARK in piece for piece in pieces)
    return RowTemplate(tuple(pieces), tuple(columns), keyed=cursors or has_ends)


def _write(plan: Plan, pieces: list[str], columns: list[str]) -> None:
    """Append the object's text. Names and keys are GraphQL's, which need no escapes."""
    before = "{"
    for field in plan.fields:
        pieces[-1] += f'{before}"{field.key}":'
        before = ","
        if isinstance(field, Constant):
            pieces[-1] += f'"{field.text}"'
        elif not isinstance(field, Leaf):
            _write(field.plan, pieces, columns)
        elif field.path == "cursor":
            pieces[-1] += f'"{MARK}"'
        else:
            columns.append(field.path.removeprefix("node."))
            pieces.append("")
    pieces[-1] += "{}" if before == "{" else "}"

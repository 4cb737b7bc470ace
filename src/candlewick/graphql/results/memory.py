"""What execution finds out of an operation and its variables alone, each time again: remembered from the first time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from graphql import GraphQLObjectType, GraphQLSchema
from graphql.execution import VariableValues
from graphql.execution.collect_fields import CollectedFields, FieldDetails, GroupedFieldSet

from candlewick.graphql.results.calls import Call, Told


@dataclass(slots=True)
class Memory:
    """Of one operation with its variables. It is as large as the document at the most."""

    schema: GraphQLSchema
    variables: VariableValues
    root: GroupedFieldSet | None = None
    """The fields of the operation."""
    subfields: dict[tuple[GraphQLObjectType, int], tuple[list[FieldDetails], CollectedFields]] = field(
        default_factory=dict
    )
    """The executor's own memory of what is selected below a field: it holds as long as the fields are the same."""
    _calls: dict[tuple[str, int], Call | Told | None] = field(default_factory=dict)

    def call(self, on: GraphQLObjectType, details: Sequence[FieldDetails]) -> Call | Told | None:
        """The call for a field of an object; None where the stock executor has to make it."""
        key = (on.name, id(details[0].node))
        if key not in self._calls:
            self._calls[key] = Told.of(on, details) or Call.of(self.schema, on, details, self.variables)
        return self._calls[key]

    def fields(self, found: GroupedFieldSet) -> GroupedFieldSet:
        """The fields that are the operation's, as they were found the first time: `subfields` knows these."""
        if self.root is None:
            self.root = found
        return self.root

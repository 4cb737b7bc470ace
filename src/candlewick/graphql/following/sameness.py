"""Which subscriptions are the same, but for where each begins."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import orjson
from graphql import ArgumentNode, DocumentNode, Node, NonNullTypeNode, VariableDefinitionNode, VariableNode

from candlewick.domain.access import Role
from candlewick.graphql.execution import Operation

RESUMING: Final = "after"
"""The argument that says where a subscription begins."""


@dataclass(frozen=True, slots=True)
class Sameness:
    """What equal subscriptions have in common: what is executed once for all of them."""

    key: Hashable
    operation: Operation
    """As from now on, whoever begins where."""
    resumes: bool
    """Whether this one begins somewhere else."""


class Beginning(NamedTuple):
    """How a document says where to begin: by a variable, or (without one) not at all."""

    variable: str | None


def sameness(operation: Operation, role: Role | None, beginning: Beginning | None) -> Sameness | None:
    """What the operation shares with others that are executed with this role; None if it stands alone."""
    if beginning is None:
        return None
    variables = dict(operation.variables or {})
    cursor = variables.pop(beginning.variable, None) if beginning.variable is not None else None
    key = (operation.text, operation.name, role, orjson.dumps(variables, option=orjson.OPT_SORT_KEYS))
    return Sameness(key, replace(operation, variables=variables), cursor is not None)


def beginning_of(document: DocumentNode) -> Beginning | None:
    """How it says where to begin; None if that is in its text, or has to do with more than the beginning."""
    arguments = [node for node in _within(document) if isinstance(node, ArgumentNode) and node.name.value == RESUMING]
    if not arguments:
        return Beginning(None)
    value = arguments[0].value
    if len(arguments) > 1 or not isinstance(value, VariableNode):
        return None
    name = value.name.value
    uses = [node for node in _within(document) if isinstance(node, VariableNode) and node.name.value == name]
    defined = [
        node
        for node in _within(document)
        if isinstance(node, VariableDefinitionNode) and node.variable.name.value == name
    ]
    # In a definition it stands too; one with a default begins there without being asked to, a needed one always.
    if len(uses) != 2 or len(defined) != 1 or defined[0].default_value or isinstance(defined[0].type, NonNullTypeNode):
        return None
    return Beginning(name)


def _within(node: Node) -> Iterator[Node]:
    """The node and all below it, without recursion."""
    pending = [node]
    while pending:
        found = pending.pop()
        yield found
        for key in found.keys:
            value = getattr(found, key, None)
            if isinstance(value, Node):
                pending.append(value)
            elif isinstance(value, list | tuple):
                pending.extend(each for each in value if isinstance(each, Node))

"""What a client selects: so that what takes another look at the database is only looked at when it is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from graphql import FieldNode, FragmentSpreadNode, GraphQLResolveInfo, SelectionNode, SelectionSetNode

from candlewick.domain.written import RowTemplate
from candlewick.graphql.context import Info


def selects(info: Info, name: str) -> bool:
    """Whether a field of that name is selected anywhere below the field that is resolved; @skip and @include aside."""
    raw = info._raw_info  # noqa: SLF001  (strawberry's `selected_fields` copies the whole selection)
    seen: set[str] = set()
    return any(_selects(node, name, raw, seen) for node in raw.field_nodes)


def _selects(node: SelectionNode, name: str, raw: GraphQLResolveInfo[Any], seen: set[str]) -> bool:
    return any(
        (isinstance(each, FieldNode) and each.name.value == name) or _selects(each, name, raw, seen)
        for each in _selections(node, raw, seen)
    )


def selected(info: Info, *path: str) -> frozenset[str]:
    """The names of the fields that are selected right below the field that is resolved, or below `path` from there."""
    raw = info._raw_info  # noqa: SLF001
    nodes: Iterable[FieldNode] = raw.field_nodes
    for step in path:
        nodes = [node for node in _children(nodes, raw) if node.name.value == step]
    return frozenset(node.name.value for node in _children(nodes, raw))


def _children(nodes: Iterable[FieldNode], raw: GraphQLResolveInfo[Any]) -> Iterator[FieldNode]:
    """The fields below, with every fragment spread out once."""
    seen: set[str] = set()
    below = [each for node in nodes for each in _selections(node, raw, seen)]
    while below:
        node = below.pop()
        if isinstance(node, FieldNode):
            yield node
        else:
            below += _selections(node, raw, seen)


def _selections(node: SelectionNode, raw: GraphQLResolveInfo[Any], seen: set[str]) -> Iterable[SelectionNode]:
    if isinstance(node, FragmentSpreadNode):
        spread = node.name.value
        if spread in seen or spread not in raw.fragments:
            return ()
        seen.add(spread)
        selection: SelectionSetNode | None = raw.fragments[spread].selection_set
    else:
        selection = getattr(node, "selection_set", None)
    return selection.selections if selection is not None else ()


def template_of(info: Info) -> RowTemplate | None:
    """How the rows of the connection that is resolved are to be written; None if they have to be read as rows."""
    lists = info.context.lists
    return None if lists is None else lists.template(info._raw_info)  # noqa: SLF001

"""What a client selects: so that what takes another look at the database is only looked at when it is wanted."""

from __future__ import annotations

from typing import Any

from graphql import FieldNode, FragmentSpreadNode, GraphQLResolveInfo, SelectionNode, SelectionSetNode

from candlewick.graphql.context import Info


def selects(info: Info, name: str) -> bool:
    """Whether a field of that name is selected anywhere below the field that is resolved; @skip and @include aside."""
    raw = info._raw_info  # noqa: SLF001  (strawberry's `selected_fields` copies the whole selection)
    seen: set[str] = set()
    return any(_selects(node, name, raw, seen) for node in raw.field_nodes)


def _selects(node: SelectionNode, name: str, raw: GraphQLResolveInfo[Any], seen: set[str]) -> bool:
    if isinstance(node, FragmentSpreadNode):
        spread = node.name.value
        if spread in seen or spread not in raw.fragments:
            return False
        seen.add(spread)
        selection: SelectionSetNode | None = raw.fragments[spread].selection_set
    else:
        selection = getattr(node, "selection_set", None)
    below = selection.selections if selection is not None else ()
    return any(
        (isinstance(each, FieldNode) and each.name.value == name) or _selects(each, name, raw, seen) for each in below
    )

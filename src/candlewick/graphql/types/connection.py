"""Relay connections over rows that are already read; cursors and edges are made only if asked for.

No `from __future__ import annotations` here: Strawberry would look for the type parameters among the globals.
"""

from collections.abc import Callable
from typing import Annotated, Self, cast

import strawberry

from candlewick.graphql.results.written import WrittenRows

First = Annotated[int | None, strawberry.argument(description="How many, from the oldest on; 1 to 5000.")]
After = Annotated[
    str | None,
    strawberry.argument(description="Only what follows this cursor; without `first` or `last`, the 100 that follow."),
]
Last = Annotated[int | None, strawberry.argument(description="How many of the newest; 1 to 5000.")]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]
ListedFirst = Annotated[
    int | None, strawberry.argument(description="How many from the beginning on; 1 to 500. Without `last`, 50.")
]
ListedAfter = Annotated[str | None, strawberry.argument(description="Only what follows this cursor.")]
ListedLast = Annotated[int | None, strawberry.argument(description="How many at the end; 1 to 500.")]
ListedBefore = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's."""

    has_next_page: bool = strawberry.field(description="Whether the list goes on after this page.")
    has_previous_page: bool = strawberry.field(description="Whether the list goes on before this page.")
    start_cursor: str | None = strawberry.field(description="The first row's cursor; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The last row's cursor; null on an empty page.")


@strawberry.type(description="A row of a page, and where it stands.")
class Edge[Item]:
    """Relay's."""

    node: Item = strawberry.field(description="The row.")
    cursor: str = strawberry.field(description="Where the row stands in its list: opaque, survives inserts.")


@strawberry.type(description="A page of a list, in the list's order.")
class Connection[Item]:
    """Relay's, with the rows also at hand as `nodes`."""

    nodes: list[Item] = strawberry.field(description="The rows alone.")
    cursor_at: strawberry.Private[Callable[[int], str]]
    has_previous: strawberry.Private[bool]
    has_next: strawberry.Private[bool]
    rows: strawberry.Private[WrittenRows | None] = None
    """In place of the one list that is selected."""

    @classmethod
    def written(cls, rows: WrittenRows, has_previous: bool, has_next: bool) -> Self:
        """Of rows that are written already."""
        nodes = cast("list[Item]", rows)
        return cls(nodes=nodes, cursor_at=rows.cursor_at, has_previous=has_previous, has_next=has_next, rows=rows)

    @strawberry.field(description="The rows, each with its cursor.")
    def edges(self) -> list[Edge[Item]]:
        if self.rows is not None:
            return cast("list[Edge[Item]]", self.rows)
        return [Edge(node=node, cursor=self.cursor_at(index)) for index, node in enumerate(self.nodes)]

    @strawberry.field(description="Where this page stands in the list.")
    def page_info(self) -> PageInfo:
        return PageInfo(
            has_next_page=self.has_next,
            has_previous_page=self.has_previous,
            start_cursor=self.cursor_at(0) if self.nodes else None,
            end_cursor=self.cursor_at(-1) if self.nodes else None,
        )

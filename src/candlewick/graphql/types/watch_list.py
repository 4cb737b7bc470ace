"""The watch list as it is after a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import strawberry

from candlewick.domain.watch import Watched
from candlewick.graphql.context import Info
from candlewick.graphql.listing import page_of_watched
from candlewick.graphql.paging import ListPaging
from candlewick.graphql.types.connection import Connection, ListedAfter, ListedBefore, ListedFirst, ListedLast
from candlewick.graphql.types.watched_instrument import WatchedInstrument


@strawberry.type(description="All that is taken live.")
class WatchList:
    """Read once; a page of it is a part of that."""

    rows: strawberry.Private[Sequence[Watched]]
    count: int = strawberry.field(description="How many instruments that is.")

    @classmethod
    def of(cls, rows: Sequence[Watched]) -> Self:
        return cls(rows=rows, count=len(rows))

    @strawberry.field(description="The instruments, in order of their keys.")
    def watched(
        self,
        info: Info,
        first: ListedFirst = None,
        after: ListedAfter = None,
        last: ListedLast = None,
        before: ListedBefore = None,
    ) -> Connection[WatchedInstrument]:
        return page_of_watched(info.context, self.rows, ListPaging(first, after, last, before))

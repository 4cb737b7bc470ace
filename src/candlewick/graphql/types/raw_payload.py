"""Raw payloads: where rows came from."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Self

import strawberry

from candlewick.domain import raw
from candlewick.domain.access import Role
from candlewick.graphql.context import Info
from candlewick.graphql.limits import MAX_BODY
from candlewick.graphql.paging import check_size
from candlewick.graphql.scalars import BigInt

_A_ROW: Final = 1_000
"""Bytes of a body that count as one row of an operation's budget."""

BodyLength = Annotated[int, strawberry.argument(description="How many bytes, from the first on; 1 to 1000000.")]


@strawberry.type(description="Bytes as a source sent them: an answer, some messages of a stream, an archive file.")
class RawPayload:
    """A view of the domain's record."""

    row: strawberry.Private[raw.RawRecord]
    number: BigInt = strawberry.field(description="Its number here.")
    source: str = strawberry.field(description="Who sent it.")
    endpoint: str = strawberry.field(description="What was asked, without host and secrets; of a file, its name.")
    sha256: str = strawberry.field(description="Of the bytes as received, in hexadecimal digits.")
    received_at: datetime = strawberry.field(description="When it arrived here.")
    byte_count: BigInt = strawberry.field(description="How many bytes it has.")
    archived: bool = strawberry.field(description="Whether it is a file in the archive store, under its sha256.")

    @classmethod
    def of(cls, row: raw.RawRecord) -> Self:
        return cls(
            row=row,
            number=BigInt(row.id),
            source=row.source,
            endpoint=row.endpoint,
            sha256=row.sha256,
            received_at=row.received_at,
            byte_count=BigInt(row.byte_count),
            archived=row.archived,
        )

    @strawberry.field(
        description="How it begins, as text; what is no UTF-8 is written as \\xNN. Null for a file in the archive "
        "store. Needs a key with the role OPERATOR: it is what the source sent, not what was made of it."
    )
    async def body(self, info: Info, first: BodyLength = 65_536) -> str | None:
        info.context.require(Role.OPERATOR)
        check_size("first", first, MAX_BODY)
        if self.row.archived:
            return None
        info.context.budget.charge(-(-min(first, self.row.byte_count) // _A_ROW))
        found = await info.context.loaders.bodies.load((self.row.id, first))
        return None if found is None else found.decode("utf-8", "backslashreplace")

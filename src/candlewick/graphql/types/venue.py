"""Venues."""

from __future__ import annotations

from typing import Self

import strawberry

from candlewick.domain import market
from candlewick.graphql.types.node import Node, NodeId


@strawberry.type(description="Where instruments trade.")
class Venue(Node):
    """A view of the domain's venue."""

    code: str = strawberry.field(description="Its short name, the first part of an instrument's key.")
    name: str = strawberry.field(description="Its name for people.")

    @classmethod
    def of(cls, venue: market.Venue) -> Self:
        return cls(id=strawberry.ID(str(NodeId("Venue", venue.id))), code=venue.code, name=venue.name)

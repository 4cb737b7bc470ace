"""Assets."""

from __future__ import annotations

from typing import Self

import strawberry

from candlewick.domain import market
from candlewick.domain.page import AssetFilter as Filter
from candlewick.graphql.text import clean
from candlewick.graphql.types.enums import AssetClass
from candlewick.graphql.types.node import Node, NodeId


@strawberry.type(description="What can be priced or can price: BTC, USD, AAPL, XAU.")
class Asset(Node):
    """A view of the domain's asset."""

    code: str = strawberry.field(description="Its short name, unique within its class.")
    asset_class: AssetClass = strawberry.field(description="What kind of thing it is.")
    name: str | None = strawberry.field(description="Its full name, where it is known.")

    @classmethod
    def of(cls, asset: market.Asset) -> Self:
        node_id = strawberry.ID(str(NodeId("Asset", asset.id)))
        return cls(id=node_id, code=asset.code, asset_class=asset.asset_class, name=asset.name)


@strawberry.input(description="Which assets: all that is given must match.")
class AssetFilter:
    """At the edge; inside it is the domain's filter."""

    asset_class: AssetClass | None = strawberry.field(default=None, description="Assets of this class.")
    search: str | None = strawberry.field(default=None, description="Part of the code or the name, in any case.")

    @property
    def wanted(self) -> Filter:
        return Filter(self.asset_class, clean(self.search, "search"))

"""What one operation works with: made for it, gone with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import strawberry

from candlewick.domain.access import ApiKey
from candlewick.graphql.budget import RowBudget
from candlewick.graphql.documents import Documents
from candlewick.graphql.loaders import Loaders
from candlewick.graphql.services import Services


@dataclass(frozen=True, slots=True)
class Context:
    """A fresh set of loaders and a fresh budget, and who asks (None: nobody who said who they are)."""

    services: Services
    documents: Documents
    loaders: Loaders
    budget: RowBudget
    caller: ApiKey | None = None

    @classmethod
    def fresh(cls, services: Services, documents: Documents, caller: ApiKey | None = None) -> Self:
        return cls(services, documents, Loaders.fresh(services), RowBudget(documents.limits.rows), caller)


Info = strawberry.Info[Context, None]

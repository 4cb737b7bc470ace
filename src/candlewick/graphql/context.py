"""What one operation works with: made for it, gone with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import strawberry

from candlewick.domain.access import ApiKey, Role
from candlewick.graphql.budget import RowBudget
from candlewick.graphql.documents import Documents
from candlewick.graphql.faults import KeyNeeded, RoleNeeded
from candlewick.graphql.live import Live
from candlewick.graphql.loaders import Loaders
from candlewick.graphql.results.lists import Lists
from candlewick.graphql.services import Services


@dataclass(frozen=True, slots=True)
class Context:
    """A fresh set of loaders and a fresh budget, and who asks (None: nobody who said who they are)."""

    services: Services
    live: Live
    documents: Documents
    loaders: Loaders
    budget: RowBudget
    caller: ApiKey | None = None
    lists: Lists | None = None
    """What is known of the operation's lists; without it they are read as rows."""

    @classmethod
    def fresh(cls, services: Services, live: Live, documents: Documents, caller: ApiKey | None = None) -> Self:
        budget = RowBudget(documents.limits.rows)
        return cls(services, live, documents, Loaders(services), budget, caller)

    def require(self, role: Role) -> ApiKey:
        """The caller's key.

        Raises:
            KeyNeeded: nobody said who they are; anonymous callers may only read.
            RoleNeeded: the key's role does not allow it.
        """
        if self.caller is None:
            raise KeyNeeded(role)
        if not self.caller.role.includes(role):
            raise RoleNeeded(role, self.caller.role)
        return self.caller


Info = strawberry.Info[Context, None]

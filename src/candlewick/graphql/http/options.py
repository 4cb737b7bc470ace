"""What the API lets whom do, and from where: fixed when the server starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from candlewick.domain.rate import Rate
from candlewick.graphql.http.forwarded import Network


@dataclass(frozen=True, slots=True)
class AccessOptions:
    """As is right for a server that only this machine can reach."""

    proxies: Sequence[Network] = ()
    """Whose word is taken for who asks and how."""
    per_address: Rate | None = None
    per_key: Rate | None = None

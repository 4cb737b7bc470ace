"""What the API lets whom do, and from where: fixed when the server starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from candlewick.domain.rate import Rate
from candlewick.graphql.http.forwarded import Network
from candlewick.graphql.policy import DocumentPolicy


@dataclass(frozen=True, slots=True)
class AccessOptions:
    """As is right for a server that only this machine can reach."""

    proxies: Sequence[Network] = ()
    """Whose word is taken for who asks and how."""
    origins: Sequence[str] = ()
    """Whose pages may ask, beside ours: each as browsers spell it, `https://app.example.org`, or `*` for any."""
    explorer: bool = True
    """Whether GraphiQL is served."""
    documents: DocumentPolicy = field(default_factory=DocumentPolicy)
    per_address: Rate | None = None
    per_key: Rate | None = None

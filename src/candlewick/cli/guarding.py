"""What the settings let whom do: what has no value depends on whether others can reach the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from candlewick.domain.access import Audience
from candlewick.domain.rate import Rate
from candlewick.graphql.http.options import AccessOptions
from candlewick.graphql.policy import DocumentPolicy
from candlewick.graphql.trusted import DocumentFolder

if TYPE_CHECKING:
    from candlewick.settings import Settings

PER_KEY: Final = 1_200
PER_ADDRESS: Final = 3_000
"""Requests a minute where others can reach the server."""


def access_options(settings: Settings) -> AccessOptions:
    """As the settings have it."""
    access = settings.access
    return AccessOptions(
        proxies=access.proxies,
        origins=access.named_origins,
        explorer=_given(access.explorer, not settings.exposed),
        documents=DocumentPolicy(
            introspection=access.introspection or (Audience.KEYS if settings.exposed else Audience.EVERYBODY),
            suggestions=_given(access.suggestions, not settings.exposed),
            folder=DocumentFolder(settings.documents_dir),
            trusted_only=access.trusted_only,
        ),
        per_key=_rate(access.requests_per_key, PER_KEY if settings.exposed else 0),
        per_address=_rate(access.requests_per_address, PER_ADDRESS if settings.exposed else 0),
    )


def _given(value: bool | None, otherwise: bool) -> bool:
    return otherwise if value is None else value


def _rate(given: int | None, otherwise: int) -> Rate | None:
    requests = otherwise if given is None else given
    return Rate(requests) if requests else None

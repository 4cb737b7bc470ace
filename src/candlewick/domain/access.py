"""Who may do what: API keys and their roles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

ApiKeyId = NewType("ApiKeyId", int)


class Role(StrEnum):
    """What a key allows. Each role includes the ones before it."""

    READ = "READ"
    OPERATOR = "OPERATOR"
    ADMIN = "ADMIN"

    def includes(self, other: Role) -> bool:
        return _RANK[self] >= _RANK[other]


_RANK = {Role.READ: 0, Role.OPERATOR: 1, Role.ADMIN: 2}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is known here: its secret is only known to its holder, we keep a digest of it."""

    id: ApiKeyId
    name: str
    role: Role
    prefix: str
    """The first characters of the secret, to tell keys apart."""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class Audience(StrEnum):
    """Who may ask what the schema has."""

    EVERYBODY = "everybody"
    KEYS = "keys"
    """Whoever has a key."""
    NOBODY = "nobody"

    def has(self, caller: ApiKey | None) -> bool:
        return self is Audience.EVERYBODY or (self is Audience.KEYS and caller is not None)

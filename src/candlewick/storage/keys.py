"""API keys: a random secret that only its holder has; we keep a digest of it."""

from __future__ import annotations

import secrets
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from sqlalchemy import RowMapping, or_, select, update

from candlewick.domain.access import ApiKey, ApiKeyId, Role
from candlewick.ports import Clock
from candlewick.storage.engine import Database
from candlewick.storage.tables import api_key

_MARK = "cwk_"
_PREFIX = len(_MARK) + 8
_COLUMNS = [column for column in api_key.columns if column.name != "digest"]


class ApiKeys:
    """Keys on PostgreSQL. A secret has 256 random bits, so that a plain SHA-256 of it cannot be reversed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, name: str, role: Role, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
        """A new key and its secret, which nobody can ask for again."""
        secret = _MARK + secrets.token_urlsafe(32)
        row = {
            "name": name,
            "role": role.value,
            "prefix": secret[:_PREFIX],
            "digest": _digest(secret),
            "created_at": self._clock.now(),
            "expires_at": expires_at,
        }
        async with self._database.core() as connection:
            created = (await connection.execute(api_key.insert().values(row).returning(*_COLUMNS))).mappings().one()
        return _key(created), secret

    async def authenticate(self, secret: str) -> ApiKey | None:
        """The key that has this secret, if it is neither revoked nor expired.

        It is found by its prefix, which is no secret; the rest is compared in a time that tells nothing.
        """
        query = select(*_COLUMNS, api_key.c.digest).where(
            api_key.c.prefix == secret[:_PREFIX].encode("utf-8", "replace").decode().replace("\0", "?"),
            api_key.c.revoked_at.is_(None),
            or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > self._clock.now()),
        )
        async with self._database.core() as connection:
            found = (await connection.execute(query)).mappings().one_or_none()
        digest = _digest(secret)
        known = digest if found is None else bytes(found["digest"])
        return _key(found) if compare_digest(known, digest) and found is not None else None

    async def list_keys(self) -> list[ApiKey]:
        """All keys, revoked ones too, oldest first."""
        async with self._database.core() as connection:
            rows = (await connection.execute(select(*_COLUMNS).order_by(api_key.c.id))).mappings().all()
        return [_key(row) for row in rows]

    async def expire(self, prefix: str, expires_at: datetime | None) -> ApiKey | None:
        """Let a key end by itself then, or never; None if there is none with this prefix that is still good."""
        return await self._change(prefix, expires_at=expires_at)

    async def revoke(self, prefix: str) -> ApiKey | None:
        """Make a key useless from now on; None if there is none with this prefix."""
        return await self._change(prefix, revoked_at=self._clock.now())

    async def _change(self, prefix: str, **values: datetime | None) -> ApiKey | None:
        change = (
            update(api_key)
            .where(api_key.c.prefix == prefix, api_key.c.revoked_at.is_(None))
            .values(values)
            .returning(*_COLUMNS)
        )
        async with self._database.core() as connection:
            changed = (await connection.execute(change)).mappings().one_or_none()
        return None if changed is None else _key(changed)


def _digest(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(row["id"]),
        name=row["name"],
        role=Role(row["role"]),
        prefix=row["prefix"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )

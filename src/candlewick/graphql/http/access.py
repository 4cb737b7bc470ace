"""Who asks: an API key, or nobody where anonymous reading is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from candlewick.domain.access import ApiKey, Role
from candlewick.domain.rate import Allowance
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.http.pace import Pace, TooFast
from candlewick.graphql.services import KeyStore

_LONGEST: Final = 256
_CHALLENGE: Final = {"www-authenticate": 'Bearer realm="candlewick"'}


@dataclass(frozen=True, slots=True)
class Access:
    """The door: `anonymous` leaves it open for reading, but a wrong key is refused all the same."""

    keys: KeyStore
    anonymous: bool
    pace: Pace

    async def admit(self, request: HTTPConnection, role: Role = Role.READ) -> ApiKey | None:
        """The caller's key, from the headers. Counted first: guessing keys is asking, too. See `count` and `check`."""
        secret = secret_of(request.headers)
        await self.count(request, secret)
        return await self.check(secret, role)

    async def count(self, request: HTTPConnection, secret: str | None = None) -> None:
        """Count a request; its state keeps what is left, for the response to say.

        Raises:
            TooFast: 429, the address or the key has used up what it may ask.
        """
        found: Sequence[Allowance] = ()
        try:
            found = await self.pace.spend(address_of(request), secret)
        except TooFast as exc:
            found = exc.found
            raise
        finally:
            request.state.allowances = found

    async def check(self, secret: str | None, role: Role = Role.READ) -> ApiKey | None:
        """The key with this secret; None for an anonymous reader.

        Raises:
            HttpFault: 401, no key or a wrong one; 403, the key's role does not allow it.
        """
        if secret is None and self.anonymous and role is Role.READ:
            return None
        key = await self.keys.authenticate(secret) if secret and len(secret) <= _LONGEST else None
        if key is None:
            raise _unauthenticated(role, wrong=secret is not None)
        if not key.role.includes(role):
            message = f"This needs a key with the role {role}; yours has {key.role}."
            raise HttpFault(403, message, "FORBIDDEN", facts={"role": role, "actual": key.role})
        return key


def address_of(connection: HTTPConnection) -> str:
    """Where the request comes from; empty where that cannot be told (a Unix socket)."""
    return connection.client.host if connection.client else ""


def secret_of(fields: Mapping[str, str]) -> str | None:
    """The secret that headers carry, or fields of the same (lower-case) names; empty if it is one that cannot be."""
    authorization = fields.get("authorization")
    if authorization is None:
        return fields.get("x-api-key")
    scheme, _, secret = authorization.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _unauthenticated(role: Role, *, wrong: bool) -> HttpFault:
    problem = "This API key is unknown, revoked or expired." if wrong else "This needs an API key."
    advice = "Send `Authorization: Bearer <key>`; `candlewick keys create` makes one."
    return HttpFault(401, f"{problem} {advice}", "UNAUTHENTICATED", _CHALLENGE, {"role": role})

"""How often each key and each address may ask, and the header fields that say so.

The fields are those of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` (q: requests, w: seconds) and
`RateLimit` (r: requests left, t: seconds until all of them are back). `Retry-After` stands beside them in a refusal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final

from candlewick.domain.rate import Allowance, Bucket, Rate
from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.services import Rates

ADDRESS: Final = "address"
KEY: Final = "key"
_NETWORK: Final = 64
"""Bits of an IPv6 address that count: the rest is the customer's own."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What an address and a key may spend; None is as much as they like."""

    rates: Rates
    per_address: Rate | None = None
    per_key: Rate | None = None

    async def spend(self, address: str | None, secret: str | None) -> Sequence[Allowance]:
        """Count a request from this address, with this secret, whether that is any good or not. What is left.

        Raises:
            TooFast: one of them has used up what it may ask.
        """
        buckets = self._buckets(address, secret)
        if not buckets:
            return ()
        found = await self.rates.spend(buckets)
        if any(each.wait for each in found):
            raise TooFast(found)
        return found

    def _buckets(self, address: str | None, secret: str | None) -> list[Bucket]:
        buckets = []
        if self.per_address is not None and address is not None:
            buckets.append(Bucket(ADDRESS, subject_of(address), self.per_address))
        if self.per_key is not None and secret:
            buckets.append(Bucket(KEY, _digest(secret), self.per_key))
        return buckets


class TooFast(HttpFault):
    """Too many requests of one address or with one key."""

    def __init__(self, found: Sequence[Allowance]) -> None:
        spent = max(found, key=lambda each: each.wait)
        requests, seconds, wait = spent.rate.requests, spent.rate.span.total_seconds(), ceil(spent.wait)
        super().__init__(
            429,
            f"Too many requests: one {spent.policy} may send {requests} within {seconds:g} s. Try again in {wait} s.",
            "RATE_LIMITED",
            {"retry-after": str(wait)},
            {"policy": spent.policy, "limit": requests, "windowSeconds": seconds, "retryAfterSeconds": wait},
        )
        self.found = found


def fields_of(found: Sequence[Allowance]) -> dict[str, str]:
    """The header fields."""
    if not found:
        return {}
    policies = [f'"{each.policy}";q={each.rate.requests};w={ceil(each.rate.span.total_seconds())}' for each in found]
    left = [f'"{each.policy}";r={each.remaining};t={ceil(each.full_in)}' for each in found]
    return {"ratelimit-policy": ", ".join(policies), "ratelimit": ", ".join(left)}


def subject_of(address: str) -> str:
    """Who an address is: an IPv6 network counts as one, an IPv4 address in IPv6's clothes is itself."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> (128 - _NETWORK) << (128 - _NETWORK))}/{_NETWORK}"


def _digest(secret: str) -> str:
    """Nobody finds the secret by it, nor in the table of keys."""
    return blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=16, person=b"candlewick-rate").hexdigest()

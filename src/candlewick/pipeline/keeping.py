"""Payloads kept before they are read: of what cannot be read there is a dead letter that leads to the bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import DeadLetter, Payload, RawId
from candlewick.domain.time import Window
from candlewick.pipeline.importing import Stores


@dataclass(frozen=True, slots=True)
class Kept:
    """A payload that is committed as it was received."""

    payload: Payload
    raw_id: RawId
    stores: Stores

    async def read[Contents](self, reading: Callable[[Payload], Contents]) -> Contents:
        """What `reading` finds in it.

        Raises:
            MalformedPayload: nothing can be read. That is a dead letter by then.
        """
        try:
            return reading(self.payload)
        except MalformedPayload as error:
            await self.stores.letters.keep([DeadLetter.of_payload(self.payload, error.reason, self.raw_id)])
            raise


async def keep_news(stores: Stores, payload: Payload) -> Kept:
    """Commit the payload, unless the last one of its endpoint was the same."""
    return Kept(payload, await stores.raw.keep_news(payload), stores)


async def keep(stores: Stores, payload: Payload, wanted: Window | None = None) -> Kept:
    """Commit the payload; `wanted`: only rows of these times are going to be stored."""
    payload = replace(payload, wanted=wanted)
    return Kept(payload, await stores.raw.keep_payload(payload), stores)

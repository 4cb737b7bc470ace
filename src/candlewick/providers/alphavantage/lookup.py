"""How single instruments of Alpha Vantage are found: it has no list of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from candlewick.domain.market import InstrumentKey
from candlewick.domain.raw import Payload
from candlewick.ports import Clock, Listing
from candlewick.providers.alphavantage import listing, search
from candlewick.providers.alphavantage.desk import Desk
from candlewick.providers.alphavantage.rest import SEARCH

_FRESH: Final = timedelta(days=1)
_REMEMBERED: Final = 200


class AlphaVantageLookup:
    """The Lookup: currencies and commodities by their names, shares by a search."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock
        self._answers: dict[str, Payload] = {}

    def known(self, key: InstrumentKey) -> Listing | None:
        """See `Lookup.known`."""
        return listing.known(key)

    async def page(self, key: InstrumentKey) -> Payload:
        """See `Lookup.page`. What is looked for again and again, since there is none, is asked for once a day."""
        keyword, today = listing.keyword(key), self._clock.now() - _FRESH
        self._answers = {word: answer for word, answer in self._answers.items() if answer.received_at > today}
        if keyword not in self._answers:
            answer = await self._desk.ask(SEARCH, {"keywords": keyword})
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            self._answers[keyword] = answer
        return self._answers[keyword]

    def read(self, payload: Payload) -> Sequence[Listing]:
        """See `Lookup.read`."""
        return search.listings(payload)

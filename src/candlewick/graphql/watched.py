"""The instruments that a subscription or a job is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from candlewick.domain.errors import UnknownInstrument
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.graphql.faults import TooMany
from candlewick.graphql.limits import MAX_WATCHED
from candlewick.graphql.services import InstrumentReads


def parse_keys(texts: Sequence[str], argument: str = "instruments") -> list[InstrumentKey]:
    """The keys, each once.

    Raises:
        TooMany: none, or more than one may ask for.
        InvalidInstrumentKey: one of them is no key.
    """
    if not 1 <= len(texts) <= MAX_WATCHED:
        raise TooMany(argument, len(texts), MAX_WATCHED)
    return list(dict.fromkeys(InstrumentKey.parse(text) for text in texts))


async def find_instruments(store: InstrumentReads, texts: Sequence[str]) -> dict[InstrumentId, InstrumentKey]:
    """The instruments of these keys.

    Raises:
        TooMany, InvalidInstrumentKey: as for `parse_keys`.
        UnknownInstrument: there is none of a key.
    """
    keys = parse_keys(texts)
    found = await store.by_keys(keys)
    for key in keys:
        if key not in found:
            raise UnknownInstrument(str(key))
    return {found[key].id: key for key in keys}

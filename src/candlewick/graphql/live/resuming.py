"""Whether a subscription can go on where a cursor stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.graphql.faults import CursorExpired, InvalidCursor
from candlewick.graphql.live.patience import patiently
from candlewick.graphql.live.watch import Watch
from candlewick.graphql.services import Services

KEPT: Final = timedelta(days=7)
"""How old the first commit may be that a cursor has not seen, unless the settings say otherwise."""


async def check_positions(
    services: Services,
    keys: Mapping[InstrumentId, InstrumentKey],
    told: Mapping[InstrumentId, int],
    watch: Watch,
    kept: timedelta,
) -> None:
    """Refuse a cursor that is too old, or stands behind commits that were never made; wait until we know of the rest.

    Raises:
        InvalidCursor: another database gave it out, or this one was put back.
        CursorExpired: what was missed since began too long ago.
    """
    log = services.commit_log
    ahead = [key for key, version in told.items() if version > watch.versions[key]]
    newest = await patiently(log.versions, ahead) if ahead else {}
    if any(told[key] > newest.get(key, 0) for key in ahead):
        raise InvalidCursor("after", "it stands ahead of the data")
    oldest = services.clock.now() - kept
    for key, version in told.items():
        if version < watch.versions[key]:
            missed = await patiently(log.since, key, version, 1)
            if not missed or missed[0].notice.version > version + 1 or missed[0].committed_at < oldest:
                raise CursorExpired("after", str(keys[key]), missed[0].committed_at if missed else None, oldest)
    while any(version > watch.versions[key] for key, version in told.items()):
        await watch.changed()

"""Discovery: what a venue lists, made known here and kept current."""

from __future__ import annotations

from dataclasses import asdict

import structlog

from candlewick.pipeline.importing import Stores
from candlewick.ports import Listed, MarketSource

log = structlog.get_logger(__name__)


async def discover(source: MarketSource, stores: Stores) -> Listed:
    """Take over the venue's list of instruments. Doing it again changes nothing.

    Raises:
        SourceUnavailable, SourceRefused, MalformedPayload: nothing changed; the payload, if there was one, is kept.
    """
    if source.directory is None:
        return Listed()
    payload = await source.directory.page()
    await stores.raw.keep_payload(payload)
    listed = await stores.instruments.refresh_listings(source.directory.read(payload))
    log.info("instruments_discovered", source=source.source, **asdict(listed))
    return listed

"""Discovery: what a venue lists, made known here and kept current."""

from __future__ import annotations

from dataclasses import asdict

import structlog

from candlewick.domain.job import JobKind, NewJob, NewStep
from candlewick.pipeline.importing import Stores
from candlewick.ports import Listed, MarketSource

log = structlog.get_logger(__name__)


def discovery_of(source: str, requested_by: str) -> NewJob:
    """The job that makes known what the source lists. While one is unfinished, there is no other."""
    step = NewStep(f"instruments of {source}", {"source": source})
    arguments = {"source": source}
    return NewJob(JobKind.DISCOVER, arguments, [step], exclusive=f"discover/{source}", requested_by=requested_by)


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

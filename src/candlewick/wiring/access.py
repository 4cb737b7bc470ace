"""Where each provider is asked: its own words, unless the settings say otherwise."""

from __future__ import annotations

from typing import Final

from candlewick.providers.provider import Access
from candlewick.providers.registry import providers
from candlewick.settings import Settings, SourceSettings

DEMO_WEIGHT: Final = 1_000_000
"""A minute's budget for the demo market, which is ours to ask."""


def access_of(settings: Settings) -> dict[str, Access]:
    """Where each provider is asked. The demo market is only there while somebody serves it."""
    access = {
        offer.code: _as_set(offer.access, settings.source(offer.code))
        for offer in providers()
        if offer.source is not None and offer.access is not None
    }
    if settings.demo.url is not None:
        access["demo"] = demo_access(settings.demo.url)
    return access


def demo_access(url: str) -> Access:
    """Where the demo market is asked that somebody serves at the URL."""
    return Access(url, url, url.replace("http", "ws", 1), DEMO_WEIGHT)


def _as_set(usual: Access, given: SourceSettings) -> Access:
    """The provider's own words, as far as the settings do not say otherwise."""
    return Access(
        rest_url=given.rest_url or usual.rest_url,
        archive_url=given.archive_url or usual.archive_url,
        stream_url=given.stream_url or usual.stream_url,
        weight_per_minute=given.weight_per_minute or usual.weight_per_minute,
        weight_per_day=given.weight_per_day or usual.weight_per_day,
        timeout_seconds=given.timeout.total_seconds(),
        poll_every=given.poll_every or usual.poll_every,
        stream_quotes=given.stream_quotes,
        plan=given.plan or usual.plan,
        api_key=given.api_key.get_secret_value() if given.api_key else None,
    )

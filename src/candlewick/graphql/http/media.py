"""Which media type a client wants back (RFC 9110, section 12.5.1; GraphQL over HTTP, section 6)."""

from __future__ import annotations

from typing import Final

from candlewick.graphql.http.faults import HttpFault

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"
HTML: Final = "text/html"


def choose(accept: str | None, *offered: str) -> str:
    """The offered type that the client likes best; the first one if it does not care.

    Raises:
        HttpFault: 406, none of them is acceptable.
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_parse(part) for part in accept.split(",")]
    quality, _, best = max((_quality(offer, ranges), -index, offer) for index, offer in enumerate(offered))
    if quality <= 0:
        raise HttpFault(
            406, f"This answers with {' or '.join(offered)}; `Accept` allows neither.", facts={"offered": offered}
        )
    return best


def _parse(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    try:
        return name, min(float(quality), 1.0)
    except ValueError:
        return name, 0.0


def _quality(offer: str, ranges: list[tuple[str, float]]) -> float:
    """The most specific range that covers the offer decides."""
    for pattern in (offer, offer.partition("/")[0] + "/*", "*/*"):
        found = [quality for name, quality in ranges if name == pattern]
        if found:
            return max(found)
    return 0.0

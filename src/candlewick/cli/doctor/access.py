"""Looks at who may use the API, as the settings have it."""

from __future__ import annotations

from candlewick.cli.doctor.findings import Finding, advice, fine, warning
from candlewick.cli.guarding import access_options
from candlewick.graphql.http.origins import ANY
from candlewick.settings import Settings

CHECK = "access"


def look_at_access(settings: Settings) -> Finding:
    """Whether the server is open to more than its owner may think."""
    reading = "without a key" if settings.allows_anonymous else "with a key"
    if not settings.exposed:
        return fine(CHECK, f"this machine alone reaches the server, and reads {reading}")
    options = access_options(settings)
    found = f"others can reach the server, and read {reading}"
    if settings.allows_anonymous and settings.http.hosts is None:
        what_to_do = "Name its hosts with CANDLEWICK_HTTP__HOSTS, or set CANDLEWICK_HTTP__ANONYMOUS=false."
        return warning(CHECK, f"{found}, so does a page whose name is made to resolve to it", what_to_do)
    if options.per_address is None:
        what_to_do = "Set CANDLEWICK_ACCESS__REQUESTS_PER_ADDRESS, unless a proxy counts requests."
        return advice(CHECK, f"{found}, as often as they like", what_to_do)
    if ANY in options.origins:
        return advice(CHECK, f"{found}, from pages of any origin", "Name the origins in CANDLEWICK_ACCESS__ORIGINS.")
    return fine(CHECK, found)

"""Who may use the API, from where and how often, as settings."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from candlewick.domain.access import Audience
from candlewick.settings.kinds import Location, listed
from candlewick.settings.sections import Section


def _checked_networks(networks: str) -> str:
    for each in listed(networks):
        ip_network(each)  # raises ValueError if it is none
    return networks


def _checked_origins(origins: str) -> str:
    for each in listed(origins):
        parts = urlsplit(each)
        _ = parts.port  # raises ValueError if it is none
        if each != "*" and (not parts.hostname or "@" in each or each != f"{parts.scheme}://{parts.netloc}"):
            raise ValueError("an origin that no page has")
    return origins


class AccessSettings(Section):
    """Who may use the API, from where, how often. Values that are not given depend on who can reach the server."""

    origins: Annotated[str, AfterValidator(_checked_origins)] | None = Field(
        None,
        description="Origins whose pages may ask, with commas between, or `*` for any. Without a value: only our own.",
        examples=["https://app.example.org"],
    )
    introspection: Audience | None = Field(
        None,
        description="Who may ask what the schema has. "
        "Without a value: who has a key; everybody where this machine alone reaches the server.",
        examples=["keys"],
    )
    explorer: bool | None = Field(
        None,
        description="Serve GraphiQL. Without a value: where this machine alone reaches the server.",
        examples=[True],
    )
    suggestions: bool | None = Field(
        None,
        description="Say in errors what a client may have meant. "
        "Without a value: where this machine alone reaches the server.",
        examples=[False],
    )
    documents: Location | None = Field(
        None,
        description="The folder of registered documents. Without it: `documents` in the data folder.",
        examples=["/srv/candlewick/documents"],
    )
    trusted_only: bool = Field(False, description="Run registered documents only: see `candlewick documents`.")
    trusted_proxies: Annotated[str, AfterValidator(_checked_networks)] | None = Field(
        None,
        description="Proxies, or networks of them, whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        examples=["127.0.0.1,10.0.0.0/8"],
    )
    requests_per_key: int | None = Field(
        None,
        ge=0,
        le=10_000_000,
        description="Requests a minute with one key; 0 is any number. "
        "Without a value: 1200, on this machine alone any.",
        examples=[1200],
    )
    requests_per_address: int | None = Field(
        None,
        ge=0,
        le=10_000_000,
        description="Requests a minute of one address, with and without keys; 0 is any number. "
        "Without a value: 3000, on this machine alone any.",
        examples=[3000],
    )

    @property
    def named_origins(self) -> tuple[str, ...]:
        return tuple(each.lower() for each in listed(self.origins or ""))

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(each) for each in listed(self.trusted_proxies or ""))

"""Who really asks, and how, where proxies that we trust stand in between."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

type Network = IPv4Network | IPv6Network
_SECURE: Final = {"http": "https", "ws": "wss"}


class Forwarded:
    """Takes the client's address and scheme from X-Forwarded-For and X-Forwarded-Proto of trusted proxies only.

    Each proxy adds who asked it at the end of X-Forwarded-For: the last one that is no proxy of ours is the client,
    what stands before it is what the client says.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[Network]) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._proxies and scope["type"] in {"http", "websocket"} and self._trusted(_peer(scope)):
            headers = Headers(scope=scope)
            scope = {**scope, "client": (self._client(headers, _peer(scope)), 0)}
            if _last(headers.getlist("x-forwarded-proto")).lower() in {"https", "wss"}:
                scope["scheme"] = _SECURE.get(scope.get("scheme", ""), scope.get("scheme"))
        await self._app(scope, receive, send)

    def _client(self, headers: Headers, peer: str) -> str:
        passed = [each.strip() for line in headers.getlist("x-forwarded-for") for each in line.split(",")]
        for said in reversed(passed):
            address = _plain(said)
            if address is None:
                break
            peer = address
            if not self._trusted(address):
                break
        return peer

    def _trusted(self, address: str) -> bool:
        plain = _plain(address)
        return plain is not None and any(ip_address(plain) in network for network in self._proxies)


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _last(lines: Sequence[str]) -> str:
    return lines[-1].rpartition(",")[2].strip() if lines else ""


def _plain(text: str) -> str | None:
    """An address without a port, without brackets; None if it is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)

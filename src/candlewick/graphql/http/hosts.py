"""Whose server a request thinks this is: a page whose name was made to resolve to us (DNS rebinding) names another."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class OwnHosts(TrustedHostMiddleware):
    """Answers to the names given and, with `addresses`, to any address: no page has one that is made to resolve."""

    def __init__(self, app: ASGIApp, names: Sequence[str], *, addresses: bool = False) -> None:
        super().__init__(app, allowed_hosts=names, www_redirect=False)
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it with status 400."""
        if self._addresses and scope["type"] != "lifespan" and _is_address(Headers(scope=scope).get("host", "")):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _is_address(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises ValueError if it is none
        return parts.netloc == host and "@" not in host and bool(ip_address(parts.hostname or ""))
    except ValueError:
        return False

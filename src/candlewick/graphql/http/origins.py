"""Which pages may ask: browsers send what any page tells them to, but they say whose page it is.

A page of ours may, and one of an origin that is named in the settings, with the fields of CORS that let it read
(Fetch Standard, section 3.2). Everybody else's is refused, whether or not its browser would show it the answer.
Programs that are no browsers send no `Origin`, and pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from candlewick.graphql.http.faults import HttpFault
from candlewick.graphql.http.responses import refused

log = structlog.get_logger(__name__)

ANY: Final = "*"
_LONGEST_SHOWN: Final = 100
_FOREIGN: Final = frozenset({"cross-site", "same-site"})
_ALLOWED: Final = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type, idempotency-key, if-none-match, x-api-key, "
    "apollographql-client-name, apollographql-client-version",
    "access-control-max-age": "7200",
}
_EXPOSED: Final = "etag, ratelimit, ratelimit-policy, retry-after, x-trace-id"


class Origins:
    """Answers requests of pages that may ask, and their preflights; refuses those of other pages."""

    def __init__(self, app: ASGIApp, named: Sequence[str]) -> None:
        self._app = app
        self._named = named

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        origin = request.headers.get("origin")
        if origin is None or is_ours(request):
            await self._app(scope, receive, send)
        elif not is_named(origin, self._named):
            log.warning("origin_refused", origin=origin[:_LONGEST_SHOWN])
            await refused(foreign(origin))(scope, receive, send)
        elif scope["method"] == "OPTIONS" and "access-control-request-method" in request.headers:
            await Response(status_code=204, headers=_ALLOWED | _readable(origin))(scope, receive, send)
        else:
            await self._app(scope, receive, _with(send, _readable(origin)))


def is_ours(connection: HTTPConnection) -> bool:
    """Whether the page is one that this very host served."""
    try:
        host = _host(urlsplit(connection.headers.get("origin", "")).netloc)
    except ValueError:
        return False
    return host == _host(connection.headers.get("host", "")) != ""


def is_named(origin: str, named: Sequence[str]) -> bool:
    """Whether the settings let pages of this origin ask."""
    return ANY in named or origin.lower() in named


def check_site(connection: HTTPConnection) -> None:
    """Let no page of another site have a query run by a picture, a script or a link, where its browser tells.

    Such requests carry no `Origin`; what browsers say instead is Fetch Metadata, `Sec-Fetch-Site`.

    Raises:
        HttpFault: 403, it is such a page.
    """
    if "origin" not in connection.headers and connection.headers.get("sec-fetch-site") in _FOREIGN:
        raise HttpFault(403, "Pages of other sites ask by fetch(), with a preflight.", "FORBIDDEN")


def foreign(origin: str) -> HttpFault:
    """The page is somebody else's."""
    shown = ascii(origin)[1:-1][:_LONGEST_SHOWN]
    message = f"Pages of {shown} may not ask here: access.origins (CANDLEWICK_ACCESS__ORIGINS) names those that may."
    return HttpFault(403, message, "FORBIDDEN", facts={"origin": shown})


def _readable(origin: str) -> dict[str, str]:
    return {"access-control-allow-origin": origin, "access-control-expose-headers": _EXPOSED, "vary": "origin"}


def _with(send: Send, fields: Mapping[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header(fields["vary"])
            headers.update({name: value for name, value in fields.items() if name != "vary"})
        await send(message)

    return sending


def _host(authority: str) -> str:
    """Without a port that goes without saying: a proxy that speaks TLS may leave it out."""
    return authority.lower().removesuffix(":80").removesuffix(":443")

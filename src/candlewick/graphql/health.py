"""Whether the process lives, and whether everything it needs is there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog
from starlette.responses import Response

from candlewick.graphql.http.responses import JsonResponse
from candlewick.graphql.services import ServiceProbe

log = structlog.get_logger(__name__)
_PATIENCE: Final = 5.0


def alive() -> Response:
    """200, as long as the process answers at all."""
    return JsonResponse({"status": "alive"})


async def readiness(probe: ServiceProbe) -> Response:
    """200 if every component is ready, else 503. Anybody may ask: the reasons, which name hosts, go to the log."""
    components = await _components(probe)
    wrong = {name: reason for name, reason in components.items() if reason is not None}
    if wrong:
        log.warning("not_ready", **wrong)
    told = {name: "not ready" if reason else "ready" for name, reason in components.items()}
    body = {"status": "not ready" if wrong else "ready", "components": told}
    return JsonResponse(body, 503 if wrong else 200)


async def _components(probe: ServiceProbe) -> Mapping[str, str | None]:
    try:
        async with asyncio.timeout(_PATIENCE):
            return dict(await probe.ready())
    except TimeoutError:
        return {"service": f"did not say within {_PATIENCE:g} s whether it is ready"}
    except Exception:  # a probe that breaks is an answer too
        log.exception("readiness_failed")
        return {"service": "could not find out whether it is ready; the log says why"}

"""Waits until the server says that everything it needs is there."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import httpx

from candlewick.domain.errors import ServiceError

PATIENCE: Final = timedelta(minutes=2)
_POLL_SECONDS: Final = 0.1


class NotReady(ServiceError):
    """The server did not become ready in time."""

    def __init__(self, url: str, answer: str) -> None:
        super().__init__(f"{url} is not ready after {PATIENCE.total_seconds():g} s; it says: {answer}")
        self.url, self.answer = url, answer


async def wait_until_ready(url: str, patience: timedelta = PATIENCE, *, path: str = "readyz") -> None:
    """Ask for `path` below `url` until the answer is 200.

    Raises:
        NotReady: not within `patience`.
    """
    answer = "nothing"
    async with httpx.AsyncClient(base_url=url, timeout=5, trust_env=False) as client:
        try:
            async with asyncio.timeout(patience.total_seconds()):
                while (found := await _ask(client, path)) is not None:
                    answer = found
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as error:
            raise NotReady(url, answer) from error


async def _ask(client: httpx.AsyncClient, path: str) -> str | None:
    """What is missing; None when nothing is."""
    try:
        response = await client.get(path)
    except httpx.TransportError as error:
        return str(error) or type(error).__name__
    return None if response.status_code == httpx.codes.OK else response.text

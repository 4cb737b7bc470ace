"""A real Redis."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from candlewick.embedded.valkey import find_valkey
from working import HANGS


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("valkey")
    options = ["--port", "0", "--unixsocket", f"{folder}/s", "--dir", str(folder), "--save", ""]
    process = subprocess.Popen([find_valkey(), *options], stdout=subprocess.DEVNULL)
    yield f"unix://{folder}/s"
    process.kill()
    process.wait()


@pytest.fixture
async def redis(address: str) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(address)
    async with asyncio.timeout(HANGS):
        while not await _answers(client):  # noqa: ASYNC110  (a server that starts tells nobody)
            await asyncio.sleep(0.01)
    yield client
    await client.aclose()


async def _answers(client: Redis) -> bool:
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False

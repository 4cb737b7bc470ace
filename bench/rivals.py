"""What Candlewick's API is measured against, each a server of its own on the same database: stock Strawberry, a bare
handler, PostGraphile.

    python bench/rivals.py {stock,bare} URL PORT
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Lifespan
from strawberry.asgi import GraphQL

from candlewick.clock import SystemClock
from candlewick.graphql.context import Context
from candlewick.graphql.documents import Documents
from candlewick.graphql.limits import Limits
from candlewick.graphql.schema import core, schema
from candlewick.storage.candles import Candles
from candlewick.storage.engine import Database
from candlewick.storage.instruments import Instruments

CONNECTIONS = 10
BARE = """
SELECT json_agg(candle)::text FROM (
    SELECT open_time AS "openTime", open, high, low, close, volume, trade_count AS "tradeCount"
    FROM candle_m1
    WHERE instrument_id = (SELECT id FROM instrument WHERE key = $1) AND origin = 0
    ORDER BY open_time DESC
    LIMIT $2
) AS candle
"""
PACKAGES = ("postgraphile@5.1.5", "node@22")
"""With the Node.js that it needs: a machine's own is often older."""
PRESET = """
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";

export default {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({
    connectionString: process.env.DATABASE_URL, schemas: ["public"], poolConfig: { max: CONNECTIONS },
  })],
  grafserv: { port: Number(process.env.PORT), host: "127.0.0.1", graphiql: false, watch: false },
};
"""


class Reads:
    """What the two root fields that are asked for need; nothing else is there."""

    def __init__(self, database: Database) -> None:
        self.instruments = Instruments(database)
        self.candles = Candles(database, SystemClock())
        self.clock = SystemClock()

    def __getattr__(self, name: str) -> None:
        return None


class StockView(GraphQL[Any, Any]):
    """Strawberry's own view and executor: the same schema, resolvers, loaders and stores."""

    reads: Any = None

    async def get_context(self, request: Any, response: Any) -> Any:
        del request, response
        return Context.fresh(self.reads, None, Documents(core(schema), Limits()))  # type: ignore[arg-type]


def stock(url: str) -> Starlette:
    view = StockView(schema)

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        database = await Database.open(url, pool_size=CONNECTIONS)
        view.reads = Reads(database)
        yield
        await database.close()

    return Starlette(routes=[Mount("/graphql", view)], lifespan=living)


def bare(url: str) -> Starlette:
    pools: list[asyncpg.Pool[asyncpg.Record]] = []

    async def candles(request: Request) -> Response:
        key, last = request.query_params["key"], int(request.query_params["last"])
        text = await pools[0].fetchval(BARE, key, last)
        return Response((text or "[]").encode(), media_type="application/json")

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
            pools.append(pool)
            yield

    lifespan: Lifespan[Starlette] = living
    return Starlette(routes=[Route("/candles", candles)], lifespan=lifespan)


def postgraphile(cache: Path) -> list[str] | None:
    """The command of PostGraphile, which is installed once into the cache; None if this machine has no npm."""
    if shutil.which("npm") is None:
        return None
    modules = cache / "node_modules"
    node, program = modules / "node" / "bin" / "node", modules / ".bin" / "postgraphile"
    if not (program.exists() and node.exists()):
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "package.json").write_text('{"private": true, "type": "module"}')
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *PACKAGES]
        subprocess.run(command, cwd=cache, check=True)
    preset = cache / "graphile.config.mjs"
    preset.write_text(PRESET.replace("CONNECTIONS", str(CONNECTIONS)))
    return [str(node), str(program), "--config", str(preset)]


def main() -> None:
    rival, url, port = sys.argv[1:]
    apps: dict[str, Callable[[str], Starlette]] = {"stock": stock, "bare": bare}
    uvicorn.run(apps[rival](url), host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()

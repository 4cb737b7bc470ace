"""Runs the migrations on the connection that `candlewick.storage.schema` hands over, or on CANDLEWICK_DATABASE__URL."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection

from candlewick.storage.engine import sqlalchemy_engine
from candlewick.storage.tables import METADATA


def run(connection: Connection) -> None:
    """Migrate: each step in a transaction of its own."""
    context.configure(connection=connection, target_metadata=METADATA, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_on_url(url: str) -> None:
    """For Alembic's own command line."""
    engine = sqlalchemy_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    asyncio.run(run_on_url(os.environ["CANDLEWICK_DATABASE__URL"]))

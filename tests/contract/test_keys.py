"""The contract of API keys: whoever has a secret has its key, until it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from candlewick.domain.access import Role
from candlewick.storage.engine import Database
from candlewick.storage.keys import ApiKeys
from candlewick.storage.tables import api_key
from markets import FrozenClock

NOW = datetime(2024, 8, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=30)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def keys(database: Database, clock: FrozenClock) -> ApiKeys:
    return ApiKeys(database, clock)


async def test_a_secret_is_its_key_and_nothing_near_it_is(keys: ApiKeys) -> None:
    made, secret = await keys.create("dashboard", Role.READ)
    assert await keys.authenticate(secret) == made
    for wrong in (
        secret[:-1],
        secret + "x",
        secret[:-1] + "~",
        made.prefix,
        secret.upper(),
        "",
        "\0",
        "\ud800",
        "ä" * 20,
    ):
        assert await keys.authenticate(wrong) is None


async def test_the_secret_is_kept_nowhere(keys: ApiKeys, database: Database) -> None:
    made, secret = await keys.create("dashboard", Role.READ)
    async with database.core() as connection:
        row = (await connection.execute(api_key.select().where(api_key.c.id == made.id))).mappings().one()
    assert secret.encode() not in bytes(row["digest"])
    assert all(secret not in str(value) for value in row.values())
    assert len(row["digest"]) == 32


async def test_a_key_ends_when_it_expires_and_can_be_given_another_day(keys: ApiKeys, clock: FrozenClock) -> None:
    made, secret = await keys.create("nightly", Role.OPERATOR, LATER)
    clock.moment = LATER
    assert await keys.authenticate(secret) is None
    changed = await keys.expire(made.prefix, LATER + timedelta(seconds=1))
    assert changed is not None
    assert await keys.authenticate(secret) == changed
    await keys.expire(made.prefix, None)
    clock.moment += timedelta(days=10_000)
    assert await keys.authenticate(secret) is not None


async def test_a_revoked_key_is_worth_nothing_for_ever(keys: ApiKeys) -> None:
    made, secret = await keys.create("gone", Role.ADMIN)
    assert await keys.revoke(made.prefix) is not None
    assert await keys.authenticate(secret) is None
    assert await keys.revoke(made.prefix) is None
    assert await keys.expire(made.prefix, LATER) is None
    assert made.prefix in [key.prefix for key in await keys.list_keys()]

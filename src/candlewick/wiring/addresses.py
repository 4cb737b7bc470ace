"""Where the services of a process are: the URLs given, or private services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import SecretStr

from candlewick.embedded import PostgresInstallation, private_services
from candlewick.settings import Settings


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the services of this process are. The URLs hold passwords: never log them."""

    database: str = field(repr=False)
    redis: str | None = field(default=None, repr=False)
    private_postgres: PostgresInstallation | None = None
    """What runs the database, if it is our own; None for one that the settings name."""


@contextmanager
def addresses(settings: Settings, *, redis: bool = True) -> Iterator[Addresses]:
    """Where the services are: the URLs given, else private services, which run at least until the block ends."""
    database_url, redis_url = _given(settings.database.url), _given(settings.redis.url)
    with private_services(
        settings.data_dir,
        postgres_bin=settings.database.postgres_bin,
        database=database_url is None,
        redis=redis and redis_url is None,
    ) as private:
        found = database_url or private.database
        assert found is not None  # noqa: S101  (what was asked for is there)
        yield Addresses(found, redis_url or private.redis, private.postgres)


def _given(url: SecretStr | None) -> str | None:
    return url.get_secret_value() if url else None

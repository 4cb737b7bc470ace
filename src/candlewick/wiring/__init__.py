"""The only place where adapters are built: settings in, the services of this process out."""

from candlewick.wiring.addresses import Addresses, addresses
from candlewick.wiring.redis import open_redis, ping_redis
from candlewick.wiring.replaying import open_replays
from candlewick.wiring.services import Services, await_services, open_overseer, open_services
from candlewick.wiring.stores import Stores, archive_import, migrate, open_database, open_stores, watching

__all__ = [
    "Addresses",
    "Services",
    "Stores",
    "addresses",
    "archive_import",
    "await_services",
    "migrate",
    "open_database",
    "open_overseer",
    "open_redis",
    "open_replays",
    "open_services",
    "open_stores",
    "ping_redis",
    "watching",
]

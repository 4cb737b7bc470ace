"""A private PostgreSQL and Valkey for a machine that has neither: a data folder comes in, URLs of servers go out.

The first command that needs a service starts a *keeper* (`keeper.py`), a detached process that starts the server and
watches over it. Every command holds a shared lock for as long as it lives; the kernel drops it even after a SIGKILL.
When the keeper can take that lock for itself, nobody needs the server any more, and both end.
"""

from candlewick.embedded.installation import PostgresInstallation, Source, find_postgres, postgres_installations
from candlewick.embedded.services import ServiceUrls, private_services

__all__ = [
    "PostgresInstallation",
    "ServiceUrls",
    "Source",
    "find_postgres",
    "postgres_installations",
    "private_services",
]

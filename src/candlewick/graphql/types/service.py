"""What the service says about itself."""

from __future__ import annotations

import strawberry

from candlewick.graphql.types.enums import DatabaseEdition


@strawberry.type(description="What this service is and runs on.")
class ServiceInfo:
    """Known since the start; whether all of it is there now is /readyz."""

    version: str = strawberry.field(description="Candlewick's version.")
    edition: DatabaseEdition = strawberry.field(description="The database that holds the data.")
    capabilities: list[str] = strawberry.field(description="What the database can do beyond plain PostgreSQL.")

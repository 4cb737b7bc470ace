"""What the API needs from outside. `candlewick.wiring` builds something of this shape; tests build fakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from candlewick.domain.access import ApiKey
from candlewick.domain.service import DatabaseEdition
from candlewick.ports import CandleStore, InstrumentStore, TradeStore


class KeyStore(Protocol):
    """API keys."""

    async def authenticate(self, secret: str) -> ApiKey | None:
        """The key with this secret; None if there is none, or it was revoked or has expired."""


class ServiceProbe(Protocol):
    """What the service runs on, and whether all of it is there."""

    @property
    def edition(self) -> DatabaseEdition: ...

    @property
    def capabilities(self) -> Sequence[str]:
        """What the database can do, as found at the start: hypertables, continuous aggregates, columnstore."""

    async def ready(self) -> Mapping[str, str | None]:
        """Each component (database, migrations, redis) with what is wrong with it; None where nothing is."""


class Services(Protocol):
    """All of it, as one object."""

    @property
    def instruments(self) -> InstrumentStore: ...

    @property
    def trades(self) -> TradeStore: ...

    @property
    def candles(self) -> CandleStore: ...

    @property
    def keys(self) -> KeyStore: ...

    @property
    def service(self) -> ServiceProbe: ...

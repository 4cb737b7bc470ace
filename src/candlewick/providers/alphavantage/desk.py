"""Where Alpha Vantage is asked: one address, one question at a time."""

from __future__ import annotations

from collections.abc import Mapping

from candlewick.domain.errors import SourceRefused
from candlewick.domain.raw import Payload
from candlewick.providers.alphavantage.listing import VENUE
from candlewick.providers.alphavantage.rest import GET_A_KEY, PATH
from candlewick.providers.http import ProviderHttp


class Desk:
    """Asks. The key belongs to the client, which writes it into the address of requests and nowhere else."""

    def __init__(self, http: ProviderHttp, *, has_key: bool) -> None:
        self._http = http
        self._has_key = has_key

    async def ask(self, function: str, parameters: Mapping[str, str | int]) -> Payload:
        """The answer, as received.

        Raises:
            RateLimited, SourceUnavailable: not now. SourceRefused: never, or there is no key.
        """
        if not self._has_key:
            raise SourceRefused(VENUE, 401, f"it answers nobody without a key: {GET_A_KEY}")
        return await self._http.get(PATH, {"function": function, **parameters}, endpoint=f"{PATH}?function={function}")

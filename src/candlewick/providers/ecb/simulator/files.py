"""The bank's files: zips of one table each. Source: ecb.europa.eu, "Euro foreign exchange reference rates"."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from candlewick.providers.ecb.rest import HISTORY, LATEST
from candlewick.providers.ecb.simulator.rates import CURRENCIES, FIRST, Rates
from candlewick.providers.ecb.tables import MONTHS


@dataclass(frozen=True, slots=True)
class Files:
    """Answers with files."""

    rates: Rates

    def routes(self) -> list[Route]:
        return [Route(HISTORY, self._history), Route(LATEST, self._latest)]

    async def _history(self, _: Request) -> Response:
        return await asyncio.to_thread(self._packed, "eurofxref-hist.csv", self._all_days)

    async def _latest(self, _: Request) -> Response:
        return await asyncio.to_thread(self._packed, "eurofxref.csv", self._newest_day)

    def _packed(self, name: str, write: Callable[[], str]) -> Response:
        body = BytesIO()
        with ZipFile(body, "w", ZIP_DEFLATED) as archive:
            archive.writestr(name, write())
        return Response(body.getvalue(), media_type="application/zip")

    def _all_days(self) -> str:
        """Newest first, N/A where there is none; digits that end in zero are cut, and every line ends with a comma."""
        days = self.rates.days(FIRST, self.rates.today())
        header = "Date," + "".join(f"{each.code}," for each in CURRENCIES)
        rows = (f"{day}," + "".join(f"{_trimmed(rate)}," for _, rate in self.rates.of(day)) for day in days)
        return "\n".join([header, *rows]) + "\n"

    def _newest_day(self) -> str:
        """In words, with a blank behind each comma, currencies that ended left out."""
        day = self.rates.days(FIRST, self.rates.today())[0]
        rates = [(code, rate) for code, rate in self.rates.of(day) if rate is not None]
        header = "Date, " + "".join(f"{code}, " for code, _ in rates)
        return f"{header}\n{_in_words(day)}, " + "".join(f"{rate}, " for _, rate in rates) + "\n"


def _trimmed(rate: Decimal | None) -> str:
    return "N/A" if rate is None else f"{rate.normalize():f}"


def _in_words(day: date) -> str:
    return f"{day:%d} {MONTHS[day.month - 1]} {day.year}"

"""Frankfurter's endpoints. Source: frankfurter.dev, "API", versions 1 and 2."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from candlewick.providers.ecb.listing import BASE
from candlewick.providers.ecb.simulator.rates import CURRENCIES, Rates
from candlewick.providers.ecb.simulator.refusal import JSON, invalid, not_found
from candlewick.providers.exact_json import Number, written

_RANGE: Final = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)?", re.ASCII)
_LINES: Final = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Frankfurter:
    """Answers requests."""

    rates: Rates

    def routes(self) -> list[Route]:
        """All endpoints."""
        return [
            Route("/v1/currencies", _answering(self._currencies)),
            Route("/v1/{when}", _answering(self._first_version)),
            Route("/v2/rates", self._second_version),
        ]

    def _currencies(self, _: Request) -> Any:
        today = self.rates.today()
        return {each.code: each.name for each in CURRENCIES if today <= each.until} | {BASE: "Euro"}

    def _first_version(self, request: Request) -> Any:
        """Of one day, or by day. A range begins with the business day before, if its first day is none."""
        asked, when = request.query_params, request.path_params["when"]
        amount = Decimal(_number(asked.get("amount", "1.0")))
        base = asked.get("base", asked.get("from", BASE)).upper()
        wanted = {each for each in asked.get("symbols", asked.get("to", "")).upper().split(",") if each}
        head = {"amount": Number(str(amount)), "base": base}
        if (match := _RANGE.fullmatch(when)) is not None:
            first, last = _day(match[1]), _day(match[2]) if match[2] else self.rates.today()
            days = self.rates.days(self.rates.nearest(first) or first, last)[::-1]
            by_day = {str(day): self._of(day, base, amount, wanted) for day in days}
            if not by_day:
                raise not_found()
            return {**head, "start_date": str(days[0]), "end_date": str(days[-1]), "rates": by_day}
        day = self.rates.nearest(self.rates.today() if when == "latest" else _day(when))
        if day is None:
            raise not_found()
        return {**head, "date": str(day), "rates": self._of(day, base, amount, wanted)}

    def _of(self, day: date, base: str, amount: Decimal, wanted: set[str]) -> Mapping[str, Number]:
        """The rates of a day: as they are for one euro, else computed and rounded."""
        rates = {code: rate for code, rate in self.rates.of(day) if rate is not None} | {BASE: Decimal(1)}
        if base not in rates:
            raise not_found()
        exact = base == BASE and amount == 1
        found = {
            code: rate if exact else round(amount * rate / rates[base], 5)
            for code, rate in sorted(rates.items())
            if code != base and (not wanted or code in wanted)
        }
        if not found:
            raise not_found()
        return {code: Number(f"{rate.normalize():f}") for code, rate in found.items()}

    async def _second_version(self, request: Request) -> Response:
        """Records, as a list or line by line. Without `providers=ECB` it would be a blend: then rates are a bit off."""
        records = await asyncio.to_thread(self._records, request)
        if request.headers.get("accept") == _LINES:
            return Response("\n".join(map(written, records)) + "\n", media_type=_LINES)
        return Response(written(records), media_type=JSON)

    def _records(self, request: Request) -> list[dict[str, Any]]:
        asked = request.query_params
        if asked.get("base", BASE).upper() != BASE:
            raise invalid("only EUR is simulated as a base")
        today = self.rates.today()
        first, last = (_day(asked[name]) if name in asked else None for name in ("from", "to"))
        nearest = self.rates.nearest(today)
        days = self.rates.days(first, last or today)[::-1] if first else [nearest] if nearest else []
        wanted = {each for each in asked.get("quotes", "").upper().split(",") if each}
        blend = Decimal(0) if asked.get("providers", "").upper() == "ECB" else Decimal("0.0001")
        return [
            {"date": str(day), "base": BASE, "quote": code, "rate": Number(f"{(rate + blend).normalize():f}")}
            for day in days
            for code, rate in self.rates.of(day)
            if rate is not None and (not wanted or code in wanted)
        ]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise invalid("invalid date") from exc


def _number(text: str) -> str:
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text) is None:
        raise invalid("invalid amount")
    return text


def _answering(answer: Callable[[Request], Any]) -> Any:
    async def endpoint(request: Request) -> Response:
        return Response(written(await asyncio.to_thread(answer, request)), media_type=JSON)

    return endpoint

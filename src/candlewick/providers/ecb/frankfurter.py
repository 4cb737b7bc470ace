"""Frankfurter's answers as quotes of the ECB. Pure.

Wire formats: frankfurter.dev, "API". Version 1: an object with `rates`, of one day or by day; it has nothing but the
ECB's rates, exact as long as the base is the euro and the amount is 1, else computed and rounded. Version 2: records of
one rate each, a list or line by line; a blend of many central banks unless one is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import InvalidQuote, MalformedPayload
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import Payload
from candlewick.providers import exact_json
from candlewick.providers.ecb.listing import BASE, published_at
from candlewick.providers.ecb.tables import parse_day
from candlewick.providers.exact import Unreadable
from candlewick.providers.json_payload import decoded, document
from candlewick.providers.rejection import reject

_NOBODY: Final = ""
_PROVIDER: Final = "ECB"


class _Found:
    """Quotes and what is none, by currency."""

    def __init__(self, only: Collection[str] | None) -> None:
        self._only = only
        self._quotes: dict[str, list[Quote]] = {}
        self._rejected: dict[str, list[Rejected]] = {}

    def take(self, number: int, day: Any, currency: Any, rate: Any) -> None:
        """One rate. What cannot be read is kept with its reason; other currencies are passed over."""
        if self._only is not None and isinstance(currency, str) and currency not in self._only:
            return
        try:
            if not isinstance(day, str) or not isinstance(currency, str) or not currency:
                raise Unreadable("it has no date, or no currency")
            quote = Quote(published_at(parse_day(day)), price=exact_json.number(rate, "rate"))
        except (Unreadable, InvalidQuote) as exc:
            self.leave(number, {"date": day, "quote": currency, "rate": rate}, exc)
        else:
            self._quotes.setdefault(currency, []).append(quote)

    def leave(self, number: int, row: Any, error: Exception) -> None:
        self._rejected.setdefault(_NOBODY, []).append(reject(number, row, error))

    def lines(self) -> Mapping[str, QuoteLines]:
        return {
            name: QuoteLines(self._quotes.get(name, []), self._rejected.get(name, []))
            for name in self._quotes | self._rejected
        }


def first_version(payload: Payload, only: Collection[str] | None = None) -> Mapping[str, QuoteLines]:
    """The rates of /v1/latest, /v1/DATE and /v1/FROM..TO. The date is the answer's: on a weekend it is Friday's.

    Raises:
        MalformedPayload: it is something else, or was computed.
    """
    answer = document(payload)
    if not isinstance(answer, dict) or not isinstance(answer.get("rates"), dict):
        raise MalformedPayload(payload.source, payload.endpoint, "it has no rates")
    if answer.get("base") != BASE or not _is_one(answer.get("amount", 1)):
        raise MalformedPayload(payload.source, payload.endpoint, "its rates are computed: ask for 1 EUR")
    found = _Found(only)
    rates: dict[str, Any] = answer["rates"]
    by_day = {answer["date"]: rates} if isinstance(answer.get("date"), str) else rates
    number = 0
    for day, prices in by_day.items():
        if not isinstance(prices, dict):
            number += 1
            found.leave(number, {day: prices}, Unreadable("it has no rates of that day"))
            continue
        for currency, rate in prices.items():
            number += 1
            found.take(number, day, currency, rate)
    return found.lines()


def second_version(payload: Payload, only: Collection[str] | None = None) -> Mapping[str, QuoteLines]:
    """The rates of /v2/rates?providers=ECB, as a list or as lines of JSON.

    Raises:
        MalformedPayload: it is something else, or not of the ECB alone.
    """
    asked = parse_qs(urlsplit(payload.endpoint).query)
    if [each.upper() for each in asked.get("providers", [])] != [_PROVIDER]:
        raise MalformedPayload(payload.source, payload.endpoint, "its rates are a blend: ask for providers=ECB")
    found = _Found(only)
    for number, record in enumerate(_records(payload), 1):
        if not isinstance(record, dict) or record.get("base") != BASE:
            found.leave(number, record, Unreadable("it is no price of the euro"))
        else:
            found.take(number, record.get("date"), record.get("quote"), record.get("rate"))
    return found.lines()


def _is_one(amount: Any) -> bool:
    try:
        return exact_json.number(amount, "amount") == 1
    except Unreadable:
        return False


def _records(payload: Payload) -> Iterator[Any]:
    """The elements of a list, or the lines."""
    if payload.body.lstrip()[:1] == b"[":
        yield from document(payload)
        return
    for line in payload.body.splitlines():
        if line.strip():
            yield decoded(payload, line)

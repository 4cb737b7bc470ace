"""What the ECB and Frankfurter answer with, as quotes and listings, told by what was asked. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Final
from urllib.parse import urlsplit

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import InvalidQuote, MalformedPayload
from candlewick.domain.market import InstrumentStatus
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import Payload
from candlewick.ports import Listing
from candlewick.providers.ecb import frankfurter, tables
from candlewick.providers.ecb.listing import listing, published_at
from candlewick.providers.ecb.rest import RATES_V1, RATES_V2
from candlewick.providers.exact import Unreadable

NOBODY: Final = ""
"""What belongs to no currency is listed under this."""


def quotes(payload: Payload, only: Collection[str] | None = None) -> Mapping[str, QuoteLines]:
    """All rates in a payload by currency, or those of some currencies; lines that are none under "".

    Raises:
        MalformedPayload: it is no table of rates and no answer of Frankfurter's, or no exact one.
    """
    path = urlsplit(payload.endpoint).path
    if path.startswith(RATES_V1):
        return frankfurter.first_version(payload, only)
    if path.startswith(RATES_V2):
        return frankfurter.second_version(payload, only)
    return _of_table(payload, only)


def listings(payload: Payload) -> Sequence[Listing]:
    """The currencies of a table. Those without a rate on its newest day are no longer published; their past stays.

    Raises:
        MalformedPayload: it is no table of rates.
    """
    with tables.opened(payload) as table:
        newest, rates = date.min, tuple[str, ...]()
        for line in table.lines:
            with suppress(Unreadable):  # whoever reads the rates keeps it, with the reason
                if (day := tables.day_of(line, table)) > newest:
                    newest, rates = day, line.cells[1:]
        if not rates:
            raise MalformedPayload(payload.source, payload.endpoint, "it has no day of rates")
        return [
            listing(currency, InstrumentStatus.DELISTED if rate in tables.MISSING else InstrumentStatus.TRADING)
            for currency, rate in zip(table.currencies, rates, strict=True)
        ]


def _of_table(payload: Payload, only: Collection[str] | None) -> Mapping[str, QuoteLines]:
    found: dict[str, list[Quote]] = {}
    rejected: dict[str, list[Rejected]] = {}
    last = 0
    with tables.opened(payload) as table:
        columns = [(at, name) for at, name in enumerate(table.currencies, 1) if only is None or name in only]
        for line in table.lines:
            last = line.number
            try:
                ts = published_at(tables.day_of(line, table))
            except Unreadable as exc:
                rejected.setdefault(NOBODY, []).append(Rejected(line.number, ",".join(line.cells), str(exc)))
                continue
            for at, currency in columns:
                if (text := line.cells[at]) not in tables.MISSING:
                    try:
                        found.setdefault(currency, []).append(tables.quote_of(ts, text))
                    except (Unreadable, InvalidQuote) as exc:
                        rejected.setdefault(currency, []).append(tables.rejected_cell(line, currency, text, exc))
    return {name: QuoteLines(found.get(name, []), rejected.get(name, []), last) for name in found | rejected}

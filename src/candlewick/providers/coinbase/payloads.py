"""Coinbase's pages: which rows are in a payload, told by its endpoint. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from candlewick.domain.errors import InvalidQuote, MalformedPayload
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import CandleLines, Payload, TradeLines
from candlewick.providers.answers import said
from candlewick.providers.coinbase import rows
from candlewick.providers.coinbase.rest import MINUTE, granularity_in
from candlewick.providers.coinbase.rows import Numbered
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.json_payload import document
from candlewick.providers.rejection import reject


def rows_in(payload: Payload, name: str) -> list[Numbered]:
    """The elements of a page, the last one first, since Coinbase has the newest first: an array, or the one under that
    name in an object.

    Raises:
        MalformedPayload: it has none.
    """
    found = document(payload)
    if isinstance(found, dict):
        found = found.get(name)
    if not isinstance(found, list):
        raise MalformedPayload(payload.source, payload.endpoint, f"no list of {name} but: {said(payload.body)}")
    return list(enumerate(found, 1))[::-1]


def times_of(payload: Payload) -> EventTimes:
    """Which times are believed in it."""
    return EventTimes.until_tomorrow(payload.received_at)


def trades(payload: Payload, numbered: Sequence[Numbered]) -> TradeLines:
    """The trades in these rows of a page."""
    return rows.trades(numbered, times_of(payload), len(numbered))


def candles(payload: Payload) -> CandleLines:
    """The minute candles of a page, unfinished ones left out. Candles of another width are rejected.

    Raises:
        MalformedPayload: it is no page of candles.
    """
    numbered = rows_in(payload, "candles")
    width = granularity_in(payload.endpoint)
    if width != MINUTE:
        wide = Unreadable(f"it is no minute candle: {width or 'an unknown number of'} seconds were asked for")
        return CandleLines([], [reject(number, row, wide) for number, row in numbered], len(numbered))
    return rows.candles(numbered, times_of(payload), payload.received_at, len(numbered))


def ticker(payload: Payload) -> QuoteLines:
    """The quote of a ticker.

    Raises:
        MalformedPayload: it is no ticker.
    """
    found = document(payload)
    if not isinstance(found, dict):
        raise MalformedPayload(payload.source, payload.endpoint, f"no ticker but: {said(payload.body)}")
    try:
        return QuoteLines([rows.ticker(found, times_of(payload))])
    except (Unreadable, InvalidQuote) as exc:
        return QuoteLines([], [reject(1, found, exc)])

"""Binance's past over REST: trades of either tape by id, minute candles by time."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from candlewick.domain.errors import InvalidInput, MalformedPayload
from candlewick.domain.market import Instrument, Tape
from candlewick.domain.raw import CandleLines, Payload, TradeLines
from candlewick.domain.time import Window, microseconds
from candlewick.ports import Fetched
from candlewick.providers.binance import payloads
from candlewick.providers.binance.rest import AGGREGATED_TRADES, HISTORICAL_TRADES, KLINES, PAGE, WEIGHTS
from candlewick.providers.event_time import EventTimes
from candlewick.providers.http import ProviderHttp

_CURSOR: Final = re.compile(r"id:(\d{1,19})")
_PATHS: Final = {Tape.TRADES: HISTORICAL_TRADES, Tape.AGGREGATED: AGGREGATED_TRADES}
_LOOKED_AT: Final = 100
"""Aggregates in which the first real one is looked for: markers of what never happened stand among them."""


class BinanceTrades:
    """The TradeHistory: paged by id, so that trades of one millisecond are never torn apart."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def start(self, instrument: Instrument, window: Window) -> str | None:
        """See `TradeHistory.start`; None as well if the first trade from there on is after the window.

        One request, however long the market was silent: with a start time alone, aggTrades answers with the oldest
        aggregates from there on (with an end time as well, older servers limit the span to an hour). An aggregate
        names its first trade, so that the same request serves both tapes.
        """
        asked: dict[str, str | int] = {
            "symbol": instrument.symbol,
            "startTime": microseconds(window.start) // 1000,
            "limit": _LOOKED_AT,
        }
        payload = await self._http.get(AGGREGATED_TRADES, asked, weight=WEIGHTS[AGGREGATED_TRADES])
        rows = payloads.rows_of(payload)
        lines = _read(payload, rows, Tape.AGGREGATED)
        if not rows:
            return None
        if not len(lines.trades):
            reason = f"none of {len(rows)} aggregates is one: {lines.rejected[0].reason}"
            raise MalformedPayload(payload.source, payload.endpoint, reason)
        if int(lines.trades.ts[0]) >= microseconds(window.end):
            return None
        first: dict[str, Any] = rows[int(lines.lines[0]) - 1]
        return _cursor(int(first["f" if instrument.tape is Tape.TRADES else "a"]))

    def at(self, sequence: int, since: datetime) -> str:  # noqa: ARG002  (the port's)
        """See `TradeHistory.at`."""
        return _cursor(sequence)

    async def page(self, instrument: Instrument, cursor: str) -> Payload:
        """See `TradeHistory.page`.

        Raises:
            InvalidInput: the cursor is none of ours.
        """
        match = _CURSOR.fullmatch(cursor)
        if match is None:
            raise InvalidInput(f"{cursor[:64]!r} is no place in the trades of Binance: write id:NUMBER")
        path = _PATHS[instrument.tape]
        asked: dict[str, str | int] = {"symbol": instrument.symbol, "fromId": int(match[1]), "limit": PAGE}
        return await self._http.get(path, asked, weight=WEIGHTS[path])

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[TradeLines]:
        """See `TradeHistory.read`. A page that is not full ends at the present."""
        rows = payloads.rows_of(payload)
        lines = _read(payload, rows, instrument.tape)
        if len(rows) < PAGE:
            return Fetched(lines, None)
        name = payloads.PAGES[instrument.tape].sequence
        ids = [row[name] for row in rows if isinstance(row, dict) and type(row.get(name)) is int]
        asked = int(parse_qs(urlsplit(payload.endpoint).query).get("fromId", ["0"])[0])
        if max(ids, default=-1) < asked:
            raise MalformedPayload(payload.source, payload.endpoint, f"its page holds no id from {asked} on")
        return Fetched(lines, _cursor(max(ids) + 1))


class BinanceCandles:
    """The CandleHistory: klines of a minute."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        """See `CandleHistory.page`. The end of the window is not part of it, Binance's end time is."""
        asked: dict[str, str | int] = {
            "symbol": instrument.symbol,
            "interval": "1m",
            "startTime": microseconds(window.start) // 1000,
            "endTime": (microseconds(window.end) - 1) // 1000,
            "limit": PAGE,
        }
        return await self._http.get(KLINES, asked, weight=WEIGHTS[KLINES])

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[CandleLines]:  # noqa: ARG002  (the port's)
        """See `CandleHistory.read`."""
        return Fetched(payloads.candles(payload), None)


def _cursor(sequence: int) -> str:
    return f"id:{sequence}"


def _read(payload: Payload, rows: list[Any], tape: Tape) -> TradeLines:
    times = EventTimes.until_tomorrow(payload.received_at)
    return payloads.trades(list(enumerate(rows, 1)), payloads.PAGES[tape], times, len(rows))

"""Coinbase's past over REST: trades by id, minute candles by time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from candlewick.domain.errors import InvalidInput, MalformedPayload
from candlewick.domain.market import Instrument
from candlewick.domain.raw import CandleLines, Payload, TradeLines
from candlewick.domain.time import Window, from_microseconds, microseconds
from candlewick.ports import Fetched
from candlewick.providers.coinbase import payloads
from candlewick.providers.coinbase.rest import (
    CANDLES_PAGE,
    DAY,
    HOUR,
    MINUTE,
    TRADES_PAGE,
    Kind,
    endpoint_of,
    number_in,
    path_of,
)
from candlewick.providers.coinbase.rows import Numbered
from candlewick.providers.http import ProviderHttp

_CURSOR: Final = re.compile(r"id:(\d{1,18})", re.ASCII)
_COARSE: Final = (DAY, HOUR)
"""Widths of candles by which silence is passed over."""


@dataclass(frozen=True, slots=True)
class _Point:
    """A trade that was seen while the beginning of a window was looked for."""

    sequence: int
    ts: int
    """Microseconds since 1970."""


class CoinbaseTrades:
    """The TradeHistory: pages of consecutive ids, each asked for by the id after its last one."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def start(self, instrument: Instrument, window: Window) -> str | None:
        """See `TradeHistory.start`; None as well if the first trade from there on is after the window.

        Coinbase finds no trade by its time: pages are looked into, each where the last ones say that it should be,
        and every other time in the middle, so that a dozen are enough for a billion trades.
        """
        begin = microseconds(window.start)
        points = await self._seen(instrument, None)
        if not points or points[-1].ts < begin:
            return None
        low, high, is_guess = _Point(0, 0), points[-1], True
        while True:
            before = [point for point in points if point.ts < begin]
            after = [point for point in points if point.ts >= begin]
            low = max([low, *before], key=lambda point: point.sequence)
            high = min([high, *after], key=lambda point: point.sequence)
            if (before and after) or high.sequence - low.sequence <= 1:
                break
            middle = _between(low, high, begin, is_guess=is_guess)
            points, is_guess = await self._seen(instrument, middle), not is_guess
            if all(point.ts < begin for point in points):  # up to there all is too old, or there is nothing
                low = _Point(middle, points[-1].ts if points else low.ts)
        return None if high.ts >= microseconds(window.end) else _cursor(high.sequence)

    def at(self, sequence: int, since: datetime) -> str:  # noqa: ARG002  (the port's)
        """See `TradeHistory.at`."""
        return _cursor(sequence)

    async def page(self, instrument: Instrument, cursor: str) -> Payload:
        """See `TradeHistory.page`. A page that does not reach its own end ends at the present.

        So where the trades at a page's end are missing though there are later ones, a page is asked for that ends
        with the last one there is before the hole.

        Raises:
            InvalidInput: the cursor is none of ours.
        """
        match = _CURSOR.fullmatch(cursor)
        if match is None:
            raise InvalidInput(f"{cursor[:64]!r} is no place in the trades of Coinbase: write id:NUMBER")
        first = int(match[1])
        while True:
            payload = await self._ask(instrument, first, first + TRADES_PAGE)
            last = max(_ids(payloads.rows_in(payload, "trades")), default=0)
            if last >= first + TRADES_PAGE - 1 or await self._newest(instrument) < first + TRADES_PAGE:
                return payload
            if last >= first:
                return await self._ask(instrument, first, last + 1)
            first += TRADES_PAGE

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[TradeLines]:  # noqa: ARG002  (the port's)
        """See `TradeHistory.read`. Where fewer trades are there than were asked for, Coinbase fills the page up with
        older ones: these are no part of it.
        """
        after, limit = (number_in(payload.endpoint, name) for name in ("after", "limit"))
        if after is None or limit is None:
            raise MalformedPayload(payload.source, payload.endpoint, "it does not say which trades were asked for")
        numbered = payloads.rows_in(payload, "trades")
        asked = [each for each in numbered if (found := _id(each)) is None or found >= after - limit]
        reaches_end = max(_ids(asked), default=0) >= after - 1
        return Fetched(payloads.trades(payload, asked), _cursor(after) if reaches_end else None)

    async def _ask(self, instrument: Instrument, first: int, end: int) -> Payload:
        """The trades with ids from `first` on that are less than `end`."""
        return await self._page(instrument, {"limit": end - first, "after": end})

    async def _newest(self, instrument: Instrument) -> int:
        """The id of the newest trade; 0 if there is none."""
        payload = await self._page(instrument, {"limit": 1})
        return max(_ids(payloads.rows_in(payload, "trades")), default=0)

    async def _seen(self, instrument: Instrument, last: int | None) -> Sequence[_Point]:
        """Up to a page of trades that ends with that id, or with the newest one, oldest first.

        Raises:
            MalformedPayload: none of its rows is a trade.
        """
        parameters = {"limit": TRADES_PAGE} if last is None else {"limit": TRADES_PAGE, "after": last + 1}
        payload = await self._page(instrument, parameters)
        numbered = payloads.rows_in(payload, "trades")
        lines = payloads.trades(payload, numbered)
        if numbered and not len(lines.trades):
            reason = f"none of {len(numbered)} rows is a trade: {lines.rejected[0].reason}"
            raise MalformedPayload(payload.source, payload.endpoint, reason)
        rows = zip(lines.trades.sequence.tolist(), lines.trades.ts.tolist(), strict=True)
        return sorted((_Point(sequence, ts) for sequence, ts in rows), key=lambda point: point.sequence)

    async def _page(self, instrument: Instrument, parameters: dict[str, int]) -> Payload:
        path = path_of(instrument.symbol, Kind.TRADES)
        return await self._http.get(path, parameters, endpoint=endpoint_of(Kind.TRADES))


class CoinbaseCandles:
    """The CandleHistory: candles of a minute. Coinbase leaves out minutes without trades."""

    def __init__(self, http: ProviderHttp) -> None:
        self._http = http

    async def page(self, instrument: Instrument, window: Window) -> Payload:
        """See `CandleHistory.page`. Silence is passed over: an empty page means that the window has no more."""
        start = window.start
        while True:
            end = min(start + CANDLES_PAGE * timedelta(seconds=MINUTE), window.end)
            payload = await self._ask(instrument, start, end, MINUTE)
            if end >= window.end or _opened(payload, start, end):
                return payload
            trading = await self._next_trading(instrument, end, window.end)
            if trading is None:
                return payload
            start = trading

    def read(self, instrument: Instrument, payload: Payload) -> Fetched[CandleLines]:  # noqa: ARG002  (the port's)
        """See `CandleHistory.read`."""
        return Fetched(payloads.candles(payload), None)

    async def _next_trading(
        self, instrument: Instrument, start: datetime, end: datetime, widths: Sequence[int] = _COARSE
    ) -> datetime | None:
        """A moment from `start` on before which nothing was traded, found by the day, then by the hour; None if nothing
        was until `end`. What was traded may have been earlier in the first of these days and hours.
        """
        width, *finer = widths
        span = timedelta(seconds=width)
        while start < end:
            floor = _floor(start, width)
            stop = min(floor + CANDLES_PAGE * span, end)
            for opened in _opened(await self._ask(instrument, floor, stop, width), floor, stop):
                first, last = max(opened, start), min(opened + span, end)
                found = await self._next_trading(instrument, first, last, finer) if finer else first
                if found is not None:
                    return found
            start = stop
        return None

    async def _ask(self, instrument: Instrument, start: datetime, end: datetime, width: int) -> Payload:
        """The candles that open within [start, end). Coinbase includes its end."""
        first = microseconds(start) // 1_000_000
        last = -(-microseconds(end) // 1_000_000) - 1
        asked: dict[str, str | int] = {"granularity": width, "start": first, "end": max(first, last - last % width)}
        path = path_of(instrument.symbol, Kind.CANDLES)
        return await self._http.get(path, asked, endpoint=endpoint_of(Kind.CANDLES))


def _cursor(sequence: int) -> str:
    return f"id:{sequence}"


def _between(low: _Point, high: _Point, begin: int, *, is_guess: bool) -> int:
    """An id from `low` on and below `high`: where the time should be if trading were even, or the middle."""
    span = high.sequence - low.sequence
    if not is_guess or not low.ts or high.ts <= low.ts:
        return low.sequence + span // 2
    guess = low.sequence + span * (begin - low.ts) // (high.ts - low.ts)
    return min(max(guess + TRADES_PAGE // 2, low.sequence + 1), high.sequence - 1)


def _ids(numbered: Sequence[Numbered]) -> list[int]:
    return [found for each in numbered if (found := _id(each)) is not None]


def _id(numbered: Numbered) -> int | None:
    """A row's id, if it has one."""
    row = numbered[1]
    found = row.get("trade_id") if isinstance(row, dict) else None
    return found if type(found) is int else None


def _opened(payload: Payload, start: datetime, end: datetime) -> list[datetime]:
    """When the candles of a page open that open within [start, end), in order. Also of rows that are no candles."""
    stamps = [row[0] for _, row in payloads.rows_in(payload, "candles") if isinstance(row, list) and row]
    begin, stop = microseconds(start), microseconds(end)
    opened = sorted(stamp * 1_000_000 for stamp in stamps if type(stamp) is int and 0 < stamp < 10**11)
    return [from_microseconds(each) for each in opened if begin <= each < stop]


def _floor(moment: datetime, width: int) -> datetime:
    stamp = microseconds(moment)
    return from_microseconds(stamp - stamp % (width * 1_000_000))

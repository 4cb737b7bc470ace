"""Binance's stream messages as trades and quotes by symbol. Pure.

Wire formats: binance-spot-api-docs, web-socket-streams.md: raw events, combined ones (`{"stream", "data"}`), answers
to subscriptions (`{"result": null, "id"}`), `serverShutdown`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import orjson

from candlewick.domain.batch import Rejected, TradeBatch
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import TradeLines
from candlewick.ports import Frame
from candlewick.providers.binance import tickers
from candlewick.providers.binance.payloads import EVENTS, Numbered, trades
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.quote_rows import NOBODY, QuoteRows
from candlewick.providers.rejection import reject_bytes

SHUTDOWN: Final = "serverShutdown"
_TRADES: Final = (b'"trade"', b'"aggTrade"')
"""What messages of trades hold, and tickers never do: most messages are left at that."""


def read(frames: Sequence[Frame]) -> Mapping[str, TradeLines]:
    """See `TradeStream.read`."""
    if not frames:
        return {}
    times = EventTimes.until_tomorrow(max(frame.received_at for frame in frames))
    events: defaultdict[tuple[str, str], list[Numbered]] = defaultdict(list)
    rejected: list[Rejected] = []
    for number, frame, message in _messages(frames, rejected):
        kind, symbol = message.get("e"), message.get("s")
        if isinstance(kind, str) and kind in EVENTS and isinstance(symbol, str) and symbol:
            events[symbol, kind].append((number, message))
        elif not _is_expected(message):
            reason = f"event {kind!r:.64} of symbol {symbol!r:.64} is none that was asked for"
            rejected.append(reject_bytes(number, frame.body, reason, frame.received_at))
    found: dict[str, TradeLines] = {}
    for (symbol, kind), rows in events.items():
        lines = trades(rows, EVENTS[kind], times, len(frames))
        found[symbol] = TradeLines.concat([found[symbol], lines]) if symbol in found else lines
    if rejected:
        rejected.sort(key=lambda each: each.row)
        found[NOBODY] = TradeLines(TradeBatch.of([]), np.empty(0, dtype=np.int64), rejected, len(frames))
    return found


def quotes(frames: Sequence[Frame]) -> Mapping[str, QuoteLines]:
    """See `TradeStream.quotes`: what tickers say. What is no ticker is for `read` to account for."""
    if not frames:
        return {}
    times, lines = EventTimes.until_tomorrow(max(frame.received_at for frame in frames)), QuoteRows()
    for number, frame in enumerate(frames, 1):
        if any(mark in frame.body for mark in _TRADES):
            continue
        for message in _tickers(frame):
            symbol = tickers.symbol_of(message, "s")
            if symbol is None:
                lines.reject(NOBODY, number, message, Unreadable("it names no symbol"))
            else:
                lines.read(symbol, number, message, partial(tickers.event, message, frame.received_at, times))
    return lines.by_symbol()


def _tickers(frame: Frame) -> Iterator[dict[str, Any]]:
    """The ticker in the message, if it is one."""
    try:
        message = _event(orjson.loads(frame.body))
    except orjson.JSONDecodeError:
        return
    if isinstance(message, dict) and tickers.is_event(message):
        yield message


def refusal(body: bytes) -> str | None:
    """What the venue says against a request of ours; None if the message is none of that kind."""
    if b'"error"' not in body and b'"code"' not in body:
        return None
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(message, dict):
        return None
    error = message.get("error", message)
    if not isinstance(error, dict) or "msg" not in error:
        return None
    return f"{error.get('code')!r:.32}: {error['msg']!s:.200}"


def is_goodbye(body: bytes) -> bool:
    """Whether the server says that it is about to end."""
    if SHUTDOWN.encode() not in body:
        return False
    try:
        event = _event(orjson.loads(body))
    except orjson.JSONDecodeError:
        return False
    return isinstance(event, dict) and event.get("e") == SHUTDOWN


def _messages(frames: Sequence[Frame], rejected: list[Rejected]) -> Iterator[tuple[int, Frame, dict[str, Any]]]:
    """Every event with its number and frame; what is no JSON object goes to `rejected`."""
    for number, frame in enumerate(frames, 1):
        try:
            event = _event(orjson.loads(frame.body))
        except orjson.JSONDecodeError as exc:
            rejected.append(reject_bytes(number, frame.body, f"it is no JSON: {exc}", frame.received_at))
            continue
        if isinstance(event, dict):
            yield number, frame, event
        else:
            rejected.append(reject_bytes(number, frame.body, "it is no object", frame.received_at))


def _event(message: Any) -> Any:
    """The event within a combined message, or the message itself."""
    if isinstance(message, dict) and "stream" in message and "data" in message:
        return message["data"]
    return message


def _is_expected(message: Mapping[str, Any]) -> bool:
    """Whether it is no trade and need not be: a ticker, an answer to a subscription, a goodbye."""
    return (
        tickers.is_event(message)
        or message.get("e") == SHUTDOWN
        or ("result" in message and "id" in message and "error" not in message)
    )

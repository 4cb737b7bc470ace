"""Coinbase's stream messages: trades, heartbeats, errors. Pure.

Wire formats: docs.cdp.coinbase.com, Exchange WebSocket "Channels" and "Errors": one object a message, told by its
`type`. Advanced Trade WebSocket "Channels": an envelope with `channel` and `events`, each with several rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from candlewick.domain.batch import Rejected, TradeBatch
from candlewick.domain.errors import InvalidQuote
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import TradeLines
from candlewick.ports import Frame
from candlewick.providers import exact_json
from candlewick.providers.coinbase import rows
from candlewick.providers.coinbase.rows import Numbered
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.exact_json import NotJson
from candlewick.providers.rejection import reject, reject_bytes

NOBODY: Final = ""
"""What belongs to no symbol is listed under this."""
MATCHES: Final = frozenset({"match", "last_match"})
HEARTBEAT: Final = "heartbeat"
_EXPECTED: Final = frozenset({HEARTBEAT, "subscriptions", "heartbeats"})
"""Types of Exchange and channels of Advanced Trade that are no trades and need not be."""
_MARKET_TRADES: Final = "market_trades"
_TICKERS: Final = frozenset({"ticker", "ticker_batch"})
_CANDLES: Final = "candles"
_LONGEST_SYMBOL: Final = 64


def read(frames: Sequence[Frame]) -> Mapping[str, TradeLines]:
    """See `TradeStream.read`."""
    if not frames:
        return {}
    times = _times(frames)
    events: defaultdict[str, list[Numbered]] = defaultdict(list)
    rejected: list[Rejected] = []
    for number, frame, message in _messages(frames, rejected):
        found_rows, reason = _trades_in(message)
        if reason is not None:
            rejected.append(reject_bytes(number, frame.body, reason, frame.received_at))
        for row in found_rows:
            if symbol := _symbol(row):
                events[symbol].append((number, row))
            else:
                rejected.append(reject(number, row, Unreadable("it has no product_id"), frame.received_at))
    found = {symbol: rows.trades(numbered, times, len(frames)) for symbol, numbered in events.items()}
    if rejected:
        rejected.sort(key=lambda each: each.row)
        found[NOBODY] = TradeLines(TradeBatch.of([]), np.empty(0, dtype=np.int64), rejected, len(frames))
    return found


def tips(frames: Sequence[Frame]) -> Mapping[str, int]:
    """See `TradeStream.tips`: heartbeats name the newest trade. One that says 0, as has been seen, says nothing."""
    found: dict[str, int] = {}
    for _, _, message in _messages(frames, []):
        last, symbol = message.get("last_trade_id"), _symbol(message)
        if _kind(message) == HEARTBEAT and symbol and type(last) is int and 0 < last < 2**63:
            found[symbol] = max(last, found.get(symbol, 0))
    return found


def quotes(frames: Sequence[Frame]) -> Mapping[str, QuoteLines]:
    """See `TradeStream.quotes`: the messages of the ticker channel, of either API."""
    if not frames:
        return {}
    times = _times(frames)
    found: defaultdict[str, list[Quote]] = defaultdict(list)
    rejected: defaultdict[str, list[Rejected]] = defaultdict(list)
    for number, frame, message in _messages(frames, []):
        if _kind(message) not in _TICKERS:
            continue
        for row in _tickers(message):
            symbol = _symbol(row)
            try:
                if not symbol:
                    raise Unreadable("it has no product_id")
                if "channel" in message:
                    quote = rows.advanced_ticker(row, rows.moment(message.get("timestamp"), times))
                else:
                    quote = rows.stream_ticker(row, times)
                found[symbol].append(quote)
            except (Unreadable, InvalidQuote) as exc:
                rejected[symbol].append(reject(number, row, exc, frame.received_at))
    return {symbol: QuoteLines(found[symbol], rejected[symbol]) for symbol in found | rejected}


def refusal(body: bytes) -> str | None:
    """What the venue says against a request of ours; None if the message is none of that kind."""
    if b'"error"' not in body:
        return None
    try:
        message = exact_json.loads(body)
    except NotJson:
        return None
    if not isinstance(message, dict) or message.get("type") != "error":
        return None
    return ": ".join(f"{message[name]!s:.200}" for name in ("message", "reason") if message.get(name)) or "no reason"


def heartbeat_of(body: bytes) -> str | None:
    """Whose heartbeat the message is; None if it is none."""
    if b'"heartbeat"' not in body:
        return None
    try:
        message = exact_json.loads(body)
    except NotJson:
        return None
    return _symbol(message) or None if isinstance(message, dict) and message.get("type") == HEARTBEAT else None


def _times(frames: Sequence[Frame]) -> EventTimes:
    return EventTimes.until_tomorrow(max(frame.received_at for frame in frames))


def _messages(frames: Sequence[Frame], rejected: list[Rejected]) -> Iterator[tuple[int, Frame, dict[str, Any]]]:
    """Every message with its number and frame; what is no JSON object goes to `rejected`."""
    for number, frame in enumerate(frames, 1):
        try:
            message = exact_json.loads(frame.body)
        except NotJson as exc:
            rejected.append(reject_bytes(number, frame.body, f"it is no JSON: {exc}", frame.received_at))
            continue
        if isinstance(message, dict):
            yield number, frame, message
        else:
            rejected.append(reject_bytes(number, frame.body, "it is no object", frame.received_at))


def _kind(message: Mapping[str, Any]) -> Any:
    """The message's type, or the channel of its envelope."""
    kind = message.get("type", message.get("channel"))
    return kind if isinstance(kind, str) else None


def _trades_in(message: Mapping[str, Any]) -> tuple[list[Any], str | None]:
    """The rows of trades in a message; a reason if it is none that is expected."""
    kind = _kind(message)
    if kind in MATCHES:
        return [message], None
    if kind == _MARKET_TRADES:
        found = _rows(message, "trades")
        return found, None if found else "it has no trades"
    if kind in _EXPECTED or kind in _TICKERS:
        return [], None
    if kind == _CANDLES:
        return [], "candles of a stream are five minutes wide"
    if kind == "error":
        return [], f"the venue says: {message.get('message')!r:.200}: {message.get('reason')!r:.200}"
    return [], f"a message of type {kind!r:.64} is none that was asked for"


def _tickers(message: Mapping[str, Any]) -> list[Any]:
    return _rows(message, "tickers") if "channel" in message else [message]


def _rows(message: Mapping[str, Any], name: str) -> list[Any]:
    """The rows in all events of an envelope."""
    events = message.get("events")
    lists = [event.get(name) for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    return [row for rows_ in lists if isinstance(rows_, list) for row in rows_]


def _symbol(row: Any) -> str:
    """The product that a row is about; nothing if it does not say, or nothing that could be a name."""
    symbol = row.get("product_id") if isinstance(row, dict) else None
    fits = isinstance(symbol, str) and symbol.isprintable() and len(symbol) <= _LONGEST_SYMBOL
    return symbol if fits and isinstance(symbol, str) else NOBODY

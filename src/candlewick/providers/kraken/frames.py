"""Kraken's websocket messages as trades by symbol. Pure.

Wire formats: docs.kraken.com, "Spot WebSocket v2" (objects with a `channel`, or a `method` that they answer) and
"Spot WebSocket v1" (`[id, data, "trade", "XBT/USD"]`, objects with an `event`). We subscribe over v2; v1 is read as
well, since there are recordings of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeGuard

import numpy as np

from candlewick.domain.batch import Rejected, TradeBatch
from candlewick.domain.errors import InvalidQuote
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import TradeLines
from candlewick.ports import Frame
from candlewick.providers import exact_json
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.exact_json import NotJson
from candlewick.providers.kraken import rows, tickers
from candlewick.providers.kraken.names import symbol_of
from candlewick.providers.kraken.rows import Layout, Numbered
from candlewick.providers.rejection import reject, reject_bytes

NOBODY: Final = ""
"""What belongs to no symbol is listed under this."""
_TRADE: Final = "trade"
_TICKER: Final = b'"ticker"'
_OTHER_CHANNELS: Final = frozenset({"heartbeat", "status", "ticker", "ohlc", "book", "level3", "instrument"})
_OTHER_EVENTS: Final = frozenset({"heartbeat", "systemStatus", "pong"})
_V1_LENGTH: Final = 4
_LONGEST_REASON: Final = 200

_Batches = defaultdict[tuple[str, str], list[Numbered]]
_LAYOUTS: Final[dict[str, Layout]] = {"v2": rows.EVENTS, "v1": rows.TEXTS}


def read(frames: Sequence[Frame]) -> Mapping[str, TradeLines]:
    """See `TradeStream.read`. A message has trades of several moments, and maybe of several symbols."""
    if not frames:
        return {}
    times = EventTimes.until_tomorrow(max(frame.received_at for frame in frames))
    batches: _Batches = defaultdict(list)
    rejected: list[Rejected] = []
    for number, frame in enumerate(frames, 1):
        try:
            for symbol, version, row in _trades(exact_json.loads(frame.body)):
                if symbol == NOBODY:
                    rejected.append(reject(number, row, Unreadable("it has no symbol")))
                else:
                    batches[symbol, version].append((number, row))
        except NotJson as exc:
            rejected.append(reject_bytes(number, frame.body, f"it is no JSON: {exc}", frame.received_at))
        except Unreadable as exc:
            rejected.append(reject_bytes(number, frame.body, str(exc), frame.received_at))
    found: dict[str, TradeLines] = {}
    for (symbol, version), batch in batches.items():
        lines = rows.trades(batch, _LAYOUTS[version], times, len(frames))
        found[symbol] = TradeLines.concat([found[symbol], lines]) if symbol in found else lines
    if rejected:
        found[NOBODY] = TradeLines(TradeBatch.of([]), np.empty(0, dtype=np.int64), rejected, len(frames))
    return found


def quotes(frames: Sequence[Frame]) -> Mapping[str, QuoteLines]:
    """See `TradeStream.quotes`: what the ticker channel says. What is no ticker is for `read` to account for."""
    if not frames:
        return {}
    times = EventTimes.until_tomorrow(max(frame.received_at for frame in frames))
    found: defaultdict[str, list[Quote]] = defaultdict(list)
    rejected: defaultdict[str, list[Rejected]] = defaultdict(list)
    for number, frame in enumerate(frames, 1):
        for ticker in _tickers(frame):
            symbol = ticker.get("symbol") if isinstance(ticker, dict) else None
            if not _is_symbol(symbol):
                rejected[NOBODY].append(reject(number, ticker, Unreadable("it has no symbol")))
                continue
            try:
                found[symbol].append(tickers.event(ticker, frame.received_at, times))
            except (Unreadable, InvalidQuote) as exc:
                rejected[symbol].append(reject(number, ticker, exc))
    return {symbol: QuoteLines(found[symbol], rejected[symbol]) for symbol in {*found, *rejected}}


def refusal(body: bytes) -> str | None:
    """What the venue says against all that we asked for; None if the message is none of that kind.

    What it says against a pair (it does not know it) leaves the others as they are: `read` rejects the message.
    """
    if b'"error"' not in body and b'"errorMessage"' not in body:
        return None
    try:
        message = exact_json.loads(body)
    except NotJson:
        return None
    is_of_a_pair = isinstance(message, dict) and (message.get("symbol") or message.get("pair"))
    return None if is_of_a_pair else _error(message)


def _trades(message: Any) -> Iterator[tuple[str, str, Any]]:
    """Each trade of a message, with its symbol (or NOBODY) and the version of the protocol. Raises Unreadable."""
    if isinstance(message, dict) and message.get("channel") == _TRADE:
        yield from _v2(message.get("data"))
    elif isinstance(message, list) and len(message) == _V1_LENGTH and message[2] == _TRADE:
        yield from _v1(message[1], message[3])
    elif not _is_expected(message):
        raise Unreadable(_error(message) or f"message {exact_json.written(message):.128} is none that was asked for")


def _tickers(frame: Frame) -> list[Any]:
    """The objects of a message of the ticker channel; nothing if it is another's."""
    if _TICKER not in frame.body:
        return []
    try:
        message = exact_json.loads(frame.body)
    except NotJson:
        return []
    if not isinstance(message, dict) or message.get("channel") != "ticker" or not isinstance(message.get("data"), list):
        return []
    data: list[Any] = message["data"]
    return data


def _v2(data: Any) -> Iterator[tuple[str, str, Any]]:
    if not isinstance(data, list):
        raise Unreadable("it has no list of trades")
    for event in data:
        symbol = event.get("symbol") if isinstance(event, dict) else None
        yield symbol if _is_symbol(symbol) else NOBODY, "v2", event


def _v1(data: Any, pair: Any) -> Iterator[tuple[str, str, Any]]:
    if not _is_symbol(pair) or not isinstance(data, list):
        raise Unreadable("it has no list of trades of a pair")
    symbol = symbol_of(pair)
    for row in data:
        yield symbol, "v1", row


def _is_symbol(name: object) -> TypeGuard[str]:
    return isinstance(name, str) and bool(name) and name.isprintable() and len(name) <= 64


def _is_expected(message: Any) -> bool:
    """Whether it is no trade and need not be: a sign of life, an answer to a request, another channel's event."""
    if isinstance(message, list):
        return len(message) >= _V1_LENGTH and isinstance(message[-2], str) and isinstance(message[-1], str)
    if not isinstance(message, dict):
        return False
    if "channel" in message:
        return isinstance(message["channel"], str) and message["channel"] in _OTHER_CHANNELS
    if "method" in message:
        return _error(message) is None
    event = message.get("event")
    if event == "subscriptionStatus":
        return _error(message) is None
    return isinstance(event, str) and event in _OTHER_EVENTS


def _error(message: Any) -> str | None:
    """What v2 (`success`, `error`) or v1 (`errorMessage`) says against a request."""
    if not isinstance(message, dict):
        return None
    said = message.get("errorMessage") if "event" in message else message.get("error")
    if said is None and message.get("success") is not False:
        return None
    about = message.get("symbol") or message.get("pair") or ""
    text = f"{said or 'it does not say why'} {about}".strip()
    return "".join(each if each.isprintable() else " " for each in text[:_LONGEST_REASON])

"""Trades in the three shapes that Kraken gives them in. Pure: decoded JSON in, domain types out.

- REST: `["price", "size", seconds, "b" or "s", "l" or "m", "", id]`; before Kraken gave ids, rows ended before it.
- Websocket v2: an object with numbers for price and size, the time as ISO 8601.
- Websocket v1: as REST without the id, the time a text as well.

The side is the aggressor's (taker's) in all of them. Plain rows are read as columns, all at once; whatever is odd about
a row is read, or refused, by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from candlewick.domain.batch import SIDE_CODES, DecimalColumn, TradeBatch
from candlewick.domain.errors import InvalidTrade
from candlewick.domain.market import Side, Trade
from candlewick.domain.raw import TradeLines
from candlewick.domain.time import from_microseconds, microseconds
from candlewick.providers import exact, exact_json
from candlewick.providers.columns import decimal_column
from candlewick.providers.delimited import Mask
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable
from candlewick.providers.exact_json import Number
from candlewick.providers.kraken.sequences import MadeSequences
from candlewick.providers.rejection import reject

_BEYOND: Final = 2**63
_MICROSECOND: Final = Decimal(1_000_000)
_PLACES: Final = 6
_LETTERS: Final = {"b": Side.BUY, "s": Side.SELL}
_WORDS: Final = {"buy": Side.BUY, "sell": Side.SELL}
_FIELDS_BEFORE_ID: Final = 6
_NUMBERS: Final = (Number, int)
EVENT_FIELDS: Final = ("trade_id", "price", "qty", "timestamp", "side")
_PICK: Final = itemgetter(*EVENT_FIELDS)

Numbered = tuple[int, Any]
"""A decoded row and its number in the payload, from 1."""
Moments = npt.NDArray[np.int64]


class Plain(NamedTuple):
    """A row of the usual shape, its texts as they came."""

    sequence: int
    price: str
    size: str
    time: str
    side: Side


@dataclass(frozen=True, slots=True)
class Layout:
    """One of the shapes."""

    plain: Callable[[Any], Plain | None]
    """The row, if it is of the usual shape: what its texts say is not looked at."""
    moments: Callable[[Sequence[str]], tuple[Moments, Mask]]
    """Microseconds since 1970 of plain rows' times, and which of them could be told."""
    one: Callable[[Any, EventTimes, MadeSequences], Trade]
    """The trade in a row of any shape. Raises Unreadable or InvalidTrade."""


def trades(rows: Sequence[Numbered], layout: Layout, times: EventTimes, last_line: int) -> TradeLines:
    """The trades in decoded rows, in their order, and the rows that are none."""
    places: list[int] = []
    plain: list[Plain] = []
    odd: list[int] = []
    for place, (_, row) in enumerate(rows):
        parts = layout.plain(row)
        if parts is None:
            odd.append(place)
        else:
            places.append(place)
            plain.append(parts)
    if not plain:
        return _in_order(rows, TradeBatch.of([]), [], odd, layout, times, last_line)
    batch, fits = _columns(plain, layout, times)
    kept = [place for place, fit in zip(places, fits.tolist(), strict=True) if fit]
    odd = sorted(odd + [place for place, fit in zip(places, fits.tolist(), strict=True) if not fit])
    return _in_order(rows, batch[fits], kept, odd, layout, times, last_line)


def _columns(plain: Sequence[Plain], layout: Layout, times: EventTimes) -> tuple[TradeBatch, Mask]:
    """A row for each of the plain ones, and which of these are trades beyond doubt."""
    sequence, prices, sizes, moments, sides = zip(*plain, strict=True)
    ts, fits = layout.moments(moments)
    price, price_fits = decimal_column(prices)
    size, size_fits = decimal_column(sizes)
    fits = fits & price_fits & size_fits & (price.coefficients > 0) & (size.coefficients > 0)
    fits &= (ts >= times.earliest) & (ts <= times.latest)
    side = np.array([SIDE_CODES[each] for each in sides], dtype=np.int8)
    return TradeBatch(np.array(sequence, dtype=np.int64), ts, price, size, side), fits


def _in_order(
    rows: Sequence[Numbered],
    batch: TradeBatch,
    kept: list[int],
    odd: list[int],
    layout: Layout,
    times: EventTimes,
    last_line: int,
) -> TradeLines:
    """The batch, which is of the rows at `kept`, with what can be read of those at `odd`, in the payload's order."""
    found, rejected, made = [], [], MadeSequences()
    for place in odd:
        number, row = rows[place]
        try:
            found.append((place, layout.one(row, times, made)))
        except (Unreadable, InvalidTrade) as exc:
            rejected.append(reject(number, row, exc))
    if found:
        batch = TradeBatch.concat([batch, TradeBatch.of([trade for _, trade in found])])
    places = np.array(kept + [place for place, _ in found], dtype=np.int64)
    order = np.argsort(places)
    lines = np.array([number for number, _ in rows], dtype=np.int64)[places[order]]
    return TradeLines(batch[order] if found else batch, lines, rejected, last_line)


def _plain_row(row: Any) -> Plain | None:
    """REST's row with an id."""
    if type(row) is not list or len(row) <= _FIELDS_BEFORE_ID:
        return None
    price, size, time, letter, _, _, sequence, *_ = row
    is_plain = (
        type(price) is str and type(size) is str and type(time) is Number and type(sequence) is int
        and 0 <= sequence < _BEYOND and type(letter) is str and letter in _LETTERS
    )  # fmt: skip
    return Plain(sequence, price, size, time, _LETTERS[letter]) if is_plain else None


def _one_row(row: Any, times: EventTimes, made: MadeSequences) -> Trade:
    """The trade in REST's row, with an id or from before there were any."""
    return _trade(_fields(row), exact_json.number(_fields(row)[2], "time"), times, made)


def _one_text_row(row: Any, times: EventTimes, made: MadeSequences) -> Trade:
    """The trade in v1's row."""
    return _trade(_fields(row), text(_fields(row)[2], "time"), times, made)


def _fields(row: Any) -> list[Any]:
    if not isinstance(row, list) or len(row) < _FIELDS_BEFORE_ID:
        raise Unreadable(f"it is no list of at least {_FIELDS_BEFORE_ID} values")
    return row


def _trade(row: list[Any], seconds: Decimal, times: EventTimes, made: MadeSequences) -> Trade:
    ts = from_microseconds(believed(int(seconds * _MICROSECOND), times))
    has_id = len(row) > _FIELDS_BEFORE_ID
    sequence = _identity(row[_FIELDS_BEFORE_ID]) if has_id else 0
    trade = Trade(sequence, text(row[0], "price"), text(row[1], "volume"), _side(row[3], _LETTERS), ts)
    if has_id:
        return trade
    return replace(trade, sequence=made.make(seconds, trade.price, trade.size, trade.side))


def _plain_event(event: Any) -> Plain | None:
    """v2's object."""
    try:
        sequence, price, size, time, word = _PICK(event)
    except (KeyError, TypeError):
        return None
    is_plain = (
        type(price) in _NUMBERS and type(size) in _NUMBERS and type(time) is str and type(sequence) is int
        and 0 <= sequence < _BEYOND and type(word) is str and word in _WORDS
    )  # fmt: skip
    return Plain(sequence, str(price), str(size), time, _WORDS[word]) if is_plain else None


def _one_event(event: Any, times: EventTimes, _: MadeSequences) -> Trade:
    """The trade in v2's object."""
    if not isinstance(event, dict):
        raise Unreadable("it is no object")
    for name in EVENT_FIELDS:
        if name not in event:
            raise Unreadable(f"it has no field {name!r}")
    sequence, price, size, time, word = _PICK(event)
    return Trade(
        _identity(sequence),
        exact_json.number(price, "price"),
        exact_json.number(size, "quantity"),
        _side(word, _WORDS),
        from_microseconds(believed(moment(time), times)),
    )


def moment(time: Any) -> int:
    """Microseconds since 1970 of an ISO 8601 time with its zone; what is finer is cut off.

    Raises:
        Unreadable: it is none.
    """
    try:
        parsed = datetime.fromisoformat(time)
        return microseconds(parsed)
    except (ValueError, TypeError, OverflowError) as exc:
        raise Unreadable(f"time {time!r:.64} is no moment in ISO 8601 with its zone") from exc


def _moments(texts: Sequence[str]) -> tuple[Moments, Mask]:
    """Of ISO 8601 times."""
    found = np.zeros(len(texts), dtype=np.int64)
    fits = np.zeros(len(texts), dtype=np.bool_)
    for at, text in enumerate(texts):
        try:
            found[at], fits[at] = moment(text), True
        except Unreadable:
            continue
    return found, fits


def _seconds(texts: Sequence[str]) -> tuple[Moments, Mask]:
    """Of seconds with decimals; what is finer than a microsecond is cut off."""
    column, fits = decimal_column(texts)
    if column.scale > _PLACES:
        return column.coefficients // 10 ** (column.scale - _PLACES), fits
    return _scaled(column, fits)


def _scaled(column: DecimalColumn, fits: Mask) -> tuple[Moments, Mask]:
    factor = 10 ** (_PLACES - column.scale)
    fits = fits & (column.coefficients < _BEYOND // factor)
    return np.where(fits, column.coefficients, 0) * factor, fits


def believed(ts: int, times: EventTimes) -> int:
    """The same microseconds. Raises Unreadable if they lie outside of what markets were recorded in."""
    if not times.earliest <= ts <= times.latest:
        raise Unreadable(f"time {ts} µs does not lie between 2009 and tomorrow")
    return ts


def _identity(value: Any) -> int:
    if type(value) is not int:
        raise Unreadable(f"trade id {value!r:.64} is no whole number")
    if value < 0:
        raise Unreadable(f"trade id {value} marks a trade that never happened")
    return value


def text(value: Any, name: str) -> Decimal:
    """The exact value of a text. Raises Unreadable."""
    if type(value) is not str:
        raise Unreadable(f"{name} {value!r:.64} is not given as a text: it may have been rounded")
    return exact.decimal(value, name)


def _side(value: Any, sides: Mapping[str, Side]) -> Side:
    side = sides.get(value) if isinstance(value, str) else None
    if side is None:
        raise Unreadable(f"side {value!r:.64} is neither {' nor '.join(map(repr, sides))}")
    return side


REST: Final = Layout(_plain_row, _seconds, _one_row)
EVENTS: Final = Layout(_plain_event, _moments, _one_event)
"""Of websocket v2."""
TEXTS: Final = Layout(lambda _: None, _seconds, _one_text_row)
"""Of websocket v1: without ids there is nothing to read as columns."""

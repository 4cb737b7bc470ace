"""Orders of faults as they come in JSON, checked: what is wrong with them, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import orjson

from candlewick.providers.simulation.faults import OF_TRADES, Fault, InvalidFault, Order, Rule

_LONGEST_PATTERN: Final = 500
_LONGEST: Final = 86_400.0
_FIELDS: Final = ("fault", "path", "count", "probability", "seconds", "first", "status")


def read_order(body: bytes, offered: Collection[Fault]) -> Order:
    """The order in a request's body, of a fault that is offered.

    Raises:
        InvalidFault: what is wrong with it, and what is allowed.
    """
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise InvalidFault(f"the body is no JSON: {exc}") from exc
    if not isinstance(given, dict):
        raise InvalidFault('the body has to be an object, for example {"fault": "rate_limited", "count": 3}')
    unknown = sorted(set(given) - set(_FIELDS))
    if unknown:
        raise InvalidFault(f"{', '.join(unknown)}: unknown; an order may have {', '.join(_FIELDS)}")
    fault = _fault(given.get("fault"), offered)
    probability = _number(given, "probability", 0, 1)
    return Order(
        fault=fault,
        path=_pattern(given.get("path", "")),
        count=_whole(given, "count", 1, 10**9) if "count" in given else 1,
        probability=1.0 if probability is None else probability,
        seconds=_number(given, "seconds", -_LONGEST if fault is Fault.SKEWED_CLOCK else 0, _LONGEST),
        first=_whole(given, "first", 1, 2**62),
        status=_whole(given, "status", 500, 599) or 503,
    )


def _fault(name: Any, offered: Collection[Fault]) -> Fault:
    if not isinstance(name, str) or name not in offered:
        raise InvalidFault(
            f"fault {name!r} is unknown; there are {', '.join(each for each in Fault if each in offered)}"
        )
    return Fault(name)


def _pattern(text: Any) -> re.Pattern[str]:
    if not isinstance(text, str) or len(text) > _LONGEST_PATTERN:
        raise InvalidFault(f"path has to be a regular expression of up to {_LONGEST_PATTERN} characters")
    try:
        return re.compile(text)
    except re.error as exc:
        raise InvalidFault(f"path {text!r} is no regular expression: {exc}") from exc


def _whole(given: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidFault(f"{name} is {value!r}; allowed is a whole number from {least} to {most}, or null")
    return value


def _number(given: Mapping[str, Any], name: str, least: float, most: float) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidFault(f"{name} is {value!r}; allowed is a number from {least:g} to {most:g}, or null")
    return float(value)


def spans_of(order: Order, next_numbers: Mapping[str, Callable[[], int]]) -> dict[str, tuple[int, int | None]]:
    """For a fault of trades: by symbol, its numbers. `path` is matched against `btcusdt@trade`, at every venue."""
    if order.fault not in OF_TRADES:
        return {}
    spans: dict[str, tuple[int, int | None]] = {}
    for symbol, next_number in next_numbers.items():
        if order.path.search(f"{symbol.lower()}@trade"):
            first = next_number() if order.first is None else order.first
            spans[symbol] = (first, None if order.count is None else first + order.count - 1)
    return spans


def shown(rule: Rule) -> dict[str, Any]:
    """A rule as `GET /simulator/faults` shows it."""
    order = rule.order
    return {
        "number": rule.number,
        "fault": order.fault,
        "path": order.path.pattern,
        "count": order.count,
        "probability": order.probability,
        "seconds": order.duration,
        "trades": {symbol: [first, last] for symbol, (first, last) in rule.spans.items()},
        "met": rule.met,
        "struck": rule.struck,
        "spent": rule.spent,
    }

"""Which indicators are kept ready: text in, rules out. `ema(length=20) rsi on M5 H1; obv on D1 of binance:BTC-USDT`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from candlewick.domain.errors import InvalidInput, InvalidKeeping
from candlewick.domain.indicator import Indicator
from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentKey
from candlewick.indicators.catalogue import indicator

MOST_RULES: Final = 100
MOST_KEPT: Final = 200
"""Series that are kept of one instrument: indicators times intervals."""
_RULE: Final = re.compile(r"(?P<indicators>.+?)\s+on\s+(?P<intervals>.+?)(?:\s+of\s+(?P<keys>.+))?", re.DOTALL)
_CALL: Final = re.compile(r"(?P<name>[a-z0-9_]+)(?:\((?P<parameters>[^()]*)\))?", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"[\s,]+(?![^()]*\))")
"""Blanks and commas, but not those between the parameters of an indicator."""


@dataclass(frozen=True, slots=True)
class KeptRule:
    """Some indicators of some candles."""

    indicators: Sequence[Indicator]
    intervals: Sequence[Interval]
    keys: Sequence[InstrumentKey] = ()
    """Of these instruments; of whatever is watched if there is none."""


def parse_rules(text: str) -> Sequence[KeptRule]:
    """The rules, which a semicolon stands between.

    Raises:
        InvalidKeeping: one of them says nothing, or there are too many.
        UnknownIndicator, UnknownParameter, InvalidParameter, InvalidInstrumentKey: one says something that is not.
    """
    rules = [_rule(part.strip()) for part in text.split(";") if part.strip()]
    if len(rules) > MOST_RULES:
        raise InvalidKeeping(text, f"there are {len(rules)} rules, at most {MOST_RULES} are allowed")
    keys = {key for rule in rules for key in rule.keys}
    for key in [*keys, None]:
        most = sum(len(each) for each in kept_of(rules, key, watched=True).values())
        if most > MOST_KEPT:
            reason = f"of one instrument {most} series would be kept, at most {MOST_KEPT} are allowed"
            raise InvalidKeeping(text, reason)
    return rules


def parse_indicator(text: str) -> Indicator:
    """The indicator that is written so, `macd(fast=12,slow=26)`; parameters that are not given are the defaults.

    Raises:
        InvalidKeeping, UnknownIndicator, UnknownParameter, InvalidParameter: it is none.
    """
    call = _CALL.fullmatch(text)
    if call is None:
        raise InvalidKeeping(text, "an indicator is its name, with parameters in brackets: ema(length=20)")
    spec = indicator(call["name"].lower())
    given: dict[str, float] = {}
    for part in filter(None, (each.strip() for each in (call["parameters"] or "").split(","))):
        name, _, value = (each.strip() for each in part.partition("="))
        if name in given:
            raise InvalidKeeping(text, f"{name} is given twice")
        given[name] = _number(text, part, value)
    return Indicator(spec, spec.complete(given))


def kept_of(
    rules: Sequence[KeptRule], key: InstrumentKey | None, *, watched: bool
) -> Mapping[Interval, Sequence[Indicator]]:
    """What the rules keep of an instrument, each once."""
    found: dict[Interval, dict[str, Indicator]] = {}
    for rule in rules:
        if key in rule.keys or (watched and not rule.keys):
            for interval in rule.intervals:
                found.setdefault(interval, {}).update({each.id: each for each in rule.indicators})
    return {interval: list(each.values()) for interval, each in found.items()}


def _rule(text: str) -> KeptRule:
    parts = _RULE.fullmatch(text)
    if parts is None:
        raise InvalidKeeping(text, "indicators, then `on` and intervals, then perhaps `of` and instruments")
    intervals = [_interval(text, each) for each in _words(parts["intervals"])]
    indicators = [_read(text, each) for each in _words(parts["indicators"])]
    return KeptRule(indicators, intervals, [InstrumentKey.parse(each) for each in _words(parts["keys"] or "")])


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, _BETWEEN.split(text.strip()))))


def _read(rule: str, text: str) -> Indicator:
    try:
        return parse_indicator(text)
    except InvalidKeeping:
        raise
    except InvalidInput as error:
        raise InvalidKeeping(rule, str(error)) from error


def _interval(rule: str, text: str) -> Interval:
    allowed = [interval for interval in Interval if interval is not Interval.S1]
    if text.upper() not in allowed:
        raise InvalidKeeping(rule, f"{text!r} is no interval that is kept; there are {', '.join(allowed)}")
    return Interval(text.upper())


def _number(text: str, part: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise InvalidKeeping(text, f"{part!r} gives no number: write length=20") from error

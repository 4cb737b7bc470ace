"""One field's text as an exact value, or a MalformedRow-shaped reason: the slow way, for rows of an odd shape."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,100}")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_MOST_PLACES: Final = 100
"""Before and after the point. The longest number seen from a provider has about 85 decimals."""
_FLAGS: Final = {"true": True, "false": False}


class Unreadable(ValueError):
    """The text is not what its column says. The message is a reason for the person who looks at the dead letter."""


def integer(text: str, name: str) -> int:
    """A whole number in ASCII digits."""
    if _INTEGER.fullmatch(text) is None:
        raise Unreadable(f"{name} {text[:64]!r} is no whole number")
    return int(text)


def decimal(text: str, name: str) -> Decimal:
    """A decimal in ASCII digits, with or without an exponent."""
    if len(text) > 4 * _MOST_PLACES or _DECIMAL.fullmatch(text) is None:
        raise Unreadable(f"{name} {text[:64]!r} is no decimal number")
    value = Decimal(text)
    _, _, exponent = value.as_tuple()
    if not (isinstance(exponent, int) and exponent >= -_MOST_PLACES and value.adjusted() < _MOST_PLACES):
        raise Unreadable(f"{name} {text[:64]!r} has more than {_MOST_PLACES} places before or after the point")
    return value


def shifted(value: Decimal, places: int) -> Decimal:
    """The value times 10^places, to the last digit: `scaleb` would round."""
    sign, digits, exponent = value.as_tuple()
    return Decimal((sign, digits, int(exponent) + places))


def product(value: Decimal, factor: Decimal) -> Decimal:
    """The product of the two, to the last digit: `*` would round."""
    (sign, digits, exponent), (other_sign, other_digits, other_exponent) = value.as_tuple(), factor.as_tuple()
    coefficient = int("".join(map(str, digits))) * int("".join(map(str, other_digits)))
    return Decimal((sign ^ other_sign, tuple(map(int, str(coefficient))), int(exponent) + int(other_exponent)))


def flag(text: str, name: str) -> bool:
    """True or false, in any case."""
    value = _FLAGS.get(text.lower())
    if value is None:
        raise Unreadable(f"{name} {text[:64]!r} is neither true nor false")
    return value

"""What a client may ask for and cannot have: each says what was wrong, the bound, and what to do."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from graphql import GraphQLError

from candlewick.domain.errors import InvalidInput


class InvalidScalar(InvalidInput):
    """A value is none of its scalar's."""

    def __init__(self, scalar: str, value: object, reason: str) -> None:
        super().__init__(f"{shown(value)} is no {scalar}: {reason}")
        self.scalar = scalar


class InvalidText(InvalidInput):
    """Text that cannot be stored or compared."""

    def __init__(self, argument: str, reason: str) -> None:
        super().__init__(f"`{argument}` {reason}")
        self.argument = argument


class EventBarsElsewhere(InvalidInput):
    """Event bars were asked for where there are only candles of a width."""

    def __init__(self) -> None:
        super().__init__(
            "event bars are served by `Instrument.candles` alone: give an `interval` or a `time` here, not an `event`"
        )


class NotForEventBars(InvalidInput):
    """An argument that only candles by time can follow."""

    def __init__(self, argument: str, value: object, allowed: str) -> None:
        super().__init__(f"event bars cannot have `{argument}: {value}`: they are {allowed}; leave `{argument}` out")
        self.argument = argument


class InvalidCursor(InvalidInput):
    """The cursor is damaged, made up, or of another list."""

    def __init__(self, argument: str, reason: str) -> None:
        super().__init__(f"`{argument}` is no cursor of this list: {reason}. Take one that this list gave out")
        self.argument = argument


class CursorExpired(InvalidInput):
    """So much happened since the cursor was given out that it is not told again: it can be queried."""

    code: ClassVar[str] = "CURSOR_EXPIRED"

    def __init__(self, argument: str, instrument: str, missed_since: datetime | None, oldest: datetime) -> None:
        since = "before the commits that are kept" if missed_since is None else missed_since.isoformat()
        super().__init__(
            f"`{argument}` is too old: what {instrument} has missed begins {since}, a subscription goes back to "
            f"{oldest.isoformat(timespec='seconds')} at the most. Query what is between and leave `{argument}` out"
        )
        self.argument, self.instrument, self.missed_since, self.oldest = argument, instrument, missed_since, oldest


class KeyNeeded(InvalidInput):
    """The operation changes something, which nobody does without a key."""

    code: ClassVar[str] = "UNAUTHENTICATED"

    def __init__(self, role: str) -> None:
        super().__init__(
            f"this needs an API key with the role {role}: send `Authorization: Bearer <key>`; "
            f"`candlewick keys create --role {role.lower()}` makes one"
        )
        self.role = role


class RoleNeeded(InvalidInput):
    """The caller's key does not allow it."""

    code: ClassVar[str] = "FORBIDDEN"

    def __init__(self, role: str, actual: str) -> None:
        super().__init__(f"this needs an API key with the role {role}; yours has {actual}")
        self.role, self.actual = role, actual


class TooMany(InvalidInput):
    """A list in the arguments is empty or too long."""

    def __init__(self, argument: str, actual: int, limit: int) -> None:
        super().__init__(f"`{argument}` has {actual} elements, it may have 1 to {limit}")
        self.argument, self.actual, self.limit = argument, actual, limit


class RepeatedParameter(InvalidInput):
    """A parameter of an indicator is given twice."""

    def __init__(self, indicator: str, name: str) -> None:
        super().__init__(f"{indicator}.{name[:64]} is given twice: give each parameter once")
        self.indicator, self.name = indicator, name


class RangeTooLong(InvalidInput):
    """A range without `last` has more candles than one answer."""

    def __init__(self, actual: int, limit: int) -> None:
        super().__init__(
            f"`range` has room for {actual} candles, one answer has {limit} at most: ask for a shorter range or wider "
            "candles, or say with `last` how many of its newest you want"
        )
        self.actual, self.limit = actual, limit


class InvalidPage(InvalidInput):
    """The paging arguments contradict each other."""


class PageOutOfBounds(InvalidInput):
    """A page of no rows, or of more than one page may have."""

    def __init__(self, argument: str, actual: int, limit: int) -> None:
        super().__init__(f"`{argument}` is {actual}, a page has 1 to {limit} rows; ask for the next page with a cursor")
        self.argument, self.actual, self.limit = argument, actual, limit


class CostExceeded(InvalidInput):
    """The answer would have too many values."""

    code: ClassVar[str] = "COST_EXCEEDED"

    def __init__(self, actual: int, limit: int) -> None:
        super().__init__(
            f"the answer to this operation could have {actual} values, {limit} are allowed: "
            "ask for shorter pages or for fewer fields"
        )
        self.actual, self.limit = actual, limit


class RowsExceeded(InvalidInput):
    """The lists of one operation ask for too many rows together."""

    code: ClassVar[str] = "COST_EXCEEDED"

    def __init__(self, actual: int, limit: int) -> None:
        super().__init__(
            f"the lists of this operation ask for {actual} rows or more, {limit} are allowed: ask for less"
        )
        self.actual, self.limit = actual, limit


class DocumentTooLarge(GraphQLError):
    """The document is beyond a bound; found before it costs anything."""

    def __init__(self, what: str, actual: int | str, limit: int) -> None:
        facts = {"code": "GRAPHQL_VALIDATION_FAILED", "limit": limit, "actual": actual}
        super().__init__(f"The document has too much {what}: {actual}, at most {limit} is allowed.", extensions=facts)


def shown(value: object) -> str:
    """The value for a message: in quotes, short, whatever it is."""
    text = ascii(value)
    return text if len(text) <= 70 else f"{text[:64]}…"

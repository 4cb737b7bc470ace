"""Event times that come as ISO 8601 text in UTC: `2022-04-19T15:43:22Z`, with up to nine digits of a second."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from candlewick.domain.time import from_microseconds, microseconds
from candlewick.providers.event_time import EventTimes
from candlewick.providers.exact import Unreadable

_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII)


def moment(value: Any, name: str, times: EventTimes) -> datetime:
    """The moment in the text; what is finer than a microsecond is cut off.

    Raises:
        Unreadable: it is no such text, or lies outside of what is believed.
    """
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    try:
        if match is None:
            raise ValueError
        ts = microseconds(datetime.fromisoformat(f"{match[1]}.{(match[2] or '0')[:6]:0<6}+00:00"))
    except ValueError as exc:
        raise Unreadable(f"{name} {value!r:.64} is no time in ISO 8601 and UTC") from exc
    if not times.earliest <= ts <= times.latest:
        raise Unreadable(f"{name} {value} is no time between 2009 and tomorrow")
    return from_microseconds(ts)

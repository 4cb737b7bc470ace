"""What an HTTP answer of a provider means to us, told by its status, headers and body. Pure.

The meaning of 429, 503 and Retry-After: RFC 6585 section 4, RFC 9110 sections 10.2.3 and 15.6.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson

from candlewick.domain.errors import RateLimited, SourceRefused, SourceUnavailable

LONGEST_WAIT: Final = 3 * 86_400.0
"""Seconds: the longest ban that Binance documents. What claims more is taken for this."""
LIMITED_FOR: Final = 60.0
_LIMITED: Final = {403: 300.0, 418: 120.0, 429: LIMITED_FOR}
"""Seconds to keep away when the provider does not say for how long (403: its firewall, 418: a banned address)."""
_LONGEST_TEXT: Final = 200
_HOLDING: Final = ("status", "error")
"""In an object of this name some providers put what they say."""
_NUMBERING: Final = ("code", "error_code")
_SAYING: Final = ("msg", "message", "error", "error_message", "Error Message", "Note", "Information")


def explain(
    source: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    limited_for: float = LIMITED_FOR,
) -> SourceUnavailable | SourceRefused:
    """The error that an answer other than 200 stands for. `headers` are looked up in lower case.

    `limited_for`: seconds to keep away after a 429 that does not say for how long.
    """
    reason = said(body)
    wait = retry_after(headers.get("retry-after"), now)
    if status in _LIMITED:
        usual = limited_for if status == 429 else _LIMITED[status]
        return RateLimited(source, f"status {status}: {reason}", usual if wait is None else wait)
    if 300 <= status < 400:
        return SourceRefused(source, status, f"it redirects to {headers.get('location', 'nowhere')[:_LONGEST_TEXT]}")
    if 400 <= status < 500 and status != 408:
        return SourceRefused(source, status, reason)
    return SourceUnavailable(source, f"status {status}: {reason}", wait)


def retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header (seconds or a date), capped; None if it does not say."""
    if text is None:
        return None
    try:
        seconds = float(text) if text.isascii() and text.strip().isdecimal() else (_date(text) - now).total_seconds()
    except ValueError:
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def said(body: bytes) -> str:
    """What the provider says in an error's body, in one printable line of bounded length."""
    text = body.decode("utf-8", "replace").strip()
    if _is_markup(text):
        return "it sent a web page"
    try:
        found = _message(orjson.loads(body))
    except orjson.JSONDecodeError:
        found = text
    return _printable(found) or "it does not say why"


def not_json(body: bytes) -> str | None:
    """Why a body is no JSON; None if it is."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        return "it sent a web page instead of JSON" if _is_markup(body[:64].decode("utf-8", "replace")) else (
            f"it sent no JSON: {exc}" if body else "its answer is empty"
        )  # fmt: skip
    return None


def _date(text: str) -> datetime:
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_markup(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith("<")


def _message(answer: Any) -> str:
    if not isinstance(answer, dict):
        return str(answer)
    inner = next((answer[name] for name in _HOLDING if isinstance(answer.get(name), dict)), None)
    if inner is not None:
        return _message({name: value for name, value in answer.items() if not isinstance(value, dict)} | inner)
    text = next((str(answer[name]) for name in _SAYING if answer.get(name)), "")
    code = next((answer[name] for name in _NUMBERING if answer.get(name)), None)
    return f"{code}: {text}" if text and code else text


def _printable(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text[: 4 * _LONGEST_TEXT]).split())[
        :_LONGEST_TEXT
    ]

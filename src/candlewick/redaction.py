"""Hides secrets in whatever is about to be shown to someone: a log line, an error, the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "***"

_SECRET_NAME = re.compile(
    r"(^|[_.\-])(password|passwd|passphrase|secret|token|authorization|cookie)s?($|[_.\-])"
    r"|^key$|(api|access|private|secret|signing)[_\-]?key$",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(
    r"(?P<start>\b[a-z][a-z0-9+.\-]*://[^\s:/@?#]*:)[^\s/]*?(?=@[^\s/@]*(?:[/?#\s\"',;]|$))", re.IGNORECASE
)
_QUERY_PASSWORD = re.compile(r"(?P<start>[?&](?:password|token|secret|api_?key)=)[^\s&#\"']+", re.IGNORECASE)
_API_KEY = re.compile(r"\bcwk_[A-Za-z0-9_\-]+")
_BEARER = re.compile(r"(?P<start>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/\-]{8,}=*", re.IGNORECASE)


def names_secret(name: str) -> bool:
    """Whether a field of this name holds something to keep to ourselves."""
    return _SECRET_NAME.search(name) is not None


def redact_text(text: str) -> str:
    """The text without passwords in URLs, credentials of HTTP and API keys of ours."""
    for pattern in (_URL_PASSWORD, _QUERY_PASSWORD, _BEARER):
        text = pattern.sub(rf"\g<start>{HIDDEN}", text)
    return _API_KEY.sub(f"cwk_{HIDDEN}", text)


def redact(value: Any, name: str = "") -> Any:
    """The value with every secret in it hidden, however deep; containers are copied, never changed."""
    if value is not None and names_secret(name):
        return HIDDEN
    match value:
        case str():
            shown: Any = redact_text(value)
        case bytes():
            shown = redact_text(value.decode("utf-8", "replace"))
        case Mapping():
            shown = {key: redact(item, str(key)) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            shown = [redact(item) for item in value]
        case BaseException():
            shown = redact_text(f"{type(value).__name__}: {value}")
        case _:
            shown = value
    return shown

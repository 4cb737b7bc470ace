"""The kinds of values that settings have: how each is read, and what is no such value."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from candlewick.domain.errors import InvalidInput, InvalidInstrumentKey
from candlewick.domain.market import InstrumentKey
from candlewick.indicators.rules import parse_rules


class LogLevel(StrEnum):
    """The least important event that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How an event is written: for a person, or one JSON object a line."""

    CONSOLE = "console"
    JSON = "json"


class Duty(StrEnum):
    """What a worker can do."""

    SETTLE = "settle"
    """Carry changed minute candles into the wider intervals."""
    IO = "io"
    """Do the steps of jobs that wait for others."""
    CPU = "cpu"
    """Do the steps of jobs that compute, and carry event bars on."""
    LIVE = "live"
    """Take trades as they happen."""
    RELAY = "relay"
    """Tell all processes what was committed."""
    KEEP = "keep"
    """Keep the indicators ready that the settings name."""
    INDICATORS = "indicators"
    """Compute the indicators that somebody waits for."""


LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "[::1]", "::1")
_HOST_NAME: Final = re.compile(r"\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", re.IGNORECASE)
_CALENDAR = re.compile(r"X[A-Z0-9]{3}|TARGET")
"""A name or an address without its port, all below a name (`*.example.org`), or any (`*`)."""


def seconds(value: Any) -> Any:
    """Variables are text: a bare number means seconds there too, as it does in the file."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:  # pydantic explains a ValueError only
        raise ValueError("there is no such home") from error


def with_scheme(*schemes: str) -> AfterValidator:
    def check(url: SecretStr) -> SecretStr:
        text = url.get_secret_value()
        if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError("another scheme")  # the message shown is made from the field's examples
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError if it is none
        if not (parts.netloc or parts.path.strip("/") or parts.query):
            raise ValueError("it names nothing")
        if "@" in parts.path + parts.fragment:  # nobody could tell the password from the rest, to hide it
            raise ValueError("a bare / or # in the password")
        return url

    return AfterValidator(check)


def host_of(*schemes: str) -> AfterValidator:
    """A URL that names a host and, at most, a path: no password, no query."""

    def check(url: str) -> str:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError if it is none
        if parts.scheme not in schemes or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("no URL of a host")
        return url.rstrip("/")

    return AfterValidator(check)


def listed(hosts: str) -> list[str]:
    return [name.strip() for name in hosts.split(",") if name.strip()]


def checked_host_names(hosts: str) -> str:
    if not listed(hosts) or not all(map(_HOST_NAME.fullmatch, listed(hosts))):
        raise ValueError("a name that no request has")
    return hosts


def checked_duties(duties: str) -> str:
    if not listed(duties) or not set(listed(duties)) <= set(Duty):
        raise ValueError("a duty that no worker has")
    return duties


def checked_calendar_names(names: str) -> str:
    if not listed(names) or not all(map(_CALENDAR.fullmatch, listed(names))):
        raise ValueError("a name that is no calendar's: write ISO 10383 codes of exchanges, such as XNYS, or TARGET")
    return names


def checked_instrument_keys(keys: str) -> str:
    try:
        for key in listed(keys):
            InstrumentKey.parse(key)
    except InvalidInstrumentKey as error:  # pydantic explains a ValueError only
        raise ValueError(str(error)) from error
    return keys


def checked_rules(rules: str) -> str:
    try:
        parse_rules(rules)
    except InvalidInput as error:  # pydantic explains a ValueError only
        raise ValueError(str(error)) from error
    return rules


Duration = Annotated[timedelta, BeforeValidator(seconds)]
Location = Annotated[Path, AfterValidator(absolute)]
DatabaseUrl = Annotated[SecretStr, with_scheme("postgresql", "postgres", "postgresql+asyncpg")]
RedisUrl = Annotated[SecretStr, with_scheme("redis", "rediss", "unix")]

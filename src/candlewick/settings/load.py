"""Reads the settings; a wrong one says its name, what was given and what is allowed."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError as SourceError

from candlewick.domain.errors import CandlewickError, SettingsError
from candlewick.redaction import redact
from candlewick.settings.catalogue import catalogue, plain
from candlewick.settings.model import Settings
from candlewick.settings.source import DEFAULT_FILE, config_file, given_variables, variable


def load_settings(**overrides: Any) -> Settings:
    """The settings of the environment over candlewick.toml over the defaults; `overrides` (`http={"port": 1}`) win.

    Raises:
        SettingsError: all that is wrong, each with both its spellings.
    """
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(_joined([*_unknown_variables(), *map(_explain, error.errors())])) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{config_file() or DEFAULT_FILE} is no TOML: {error}") from error
    except (SourceError, UnicodeDecodeError) as error:
        raise SettingsError(_joined([*_unknown_variables(), f"the settings cannot be read: {error}"])) from error
    if unknown := _unknown_variables():
        raise SettingsError(_joined(unknown))
    return settings


def _joined(problems: list[str]) -> str:
    problems = list(dict.fromkeys(problems))
    return problems[0] if len(problems) == 1 else "\n".join([f"{len(problems)} settings are wrong:", *problems])


def _unknown_variables() -> list[str]:
    """A variable with a typo would be passed over in silence: better to say so."""
    known = {setting.variable: setting.name for setting in catalogue().values()}
    return [_unknown(name, list(known)) for name in given_variables() if name not in known]


def _unknown(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    advice = f"did you mean {close[0]}?" if close else "`candlewick config show` lists all there are"
    return f"there is no setting {name}: {advice}"


def _explain(error: ErrorDetails) -> str:
    name = ".".join(str(part) for part in error["loc"] if part in _name_parts())
    setting = catalogue().get(name)
    if setting is None:
        given = ".".join(str(part) for part in error["loc"])
        if error["type"] != "extra_forbidden":
            return f"{given} is a table of settings, not {error['input']!r}: write for example {given}.{_first(given)}"
        return _unknown(variable(given) if variable(given) in given_variables() else given, _spellings(given))
    shown = "(hidden)" if setting.secret else repr(redact(plain(error["input"])))
    return f"{setting.name} ({setting.variable}) is {shown}; allowed is {setting.allowed}{_reason(error)}"


def _reason(error: ErrorDetails) -> str:
    """Why a value that has a grammar of its own is none."""
    cause = getattr(error.get("ctx", {}).get("error"), "__cause__", None)
    return f": {cause}" if isinstance(cause, CandlewickError) else ""


def _spellings(given: str) -> list[str]:
    return [s.variable if variable(given) in given_variables() else s.name for s in catalogue().values()]


def _name_parts() -> frozenset[str]:
    return frozenset(part for name in catalogue() for part in name.split("."))


def _first(section: str) -> str:
    return next((name.split(".")[1] for name in catalogue() if name.startswith(f"{section}.")), "…")

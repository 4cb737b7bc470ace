"""What each setting is right now and who said so, with secrets hidden."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import Any

from pydantic_settings import TomlConfigSettingsSource

from candlewick.redaction import redact
from candlewick.settings.catalogue import Setting, catalogue, plain
from candlewick.settings.model import Settings
from candlewick.settings.source import config_file, given_variables


class Origin(StrEnum):
    """Who gave a setting its value."""

    ENVIRONMENT = "env"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """A setting with its value, fit to be shown."""

    setting: Setting
    value: str | int | float | bool | None
    origin: Origin


def effective_settings(settings: Settings) -> list[EffectiveSetting]:
    """All settings in the catalogue's order."""
    path = config_file()
    from_file = TomlConfigSettingsSource(Settings, path)() if path else {}
    return [
        EffectiveSetting(setting, redact(plain(_value(settings, setting))), _origin(setting, from_file))
        for setting in catalogue().values()
    ]


def _value(settings: Settings, setting: Setting) -> Any:
    return reduce(getattr, setting.name.split("."), settings)


def _origin(setting: Setting, from_file: dict[str, Any]) -> Origin:
    if setting.variable in given_variables():
        return Origin.ENVIRONMENT
    *sections, name = setting.name.split(".")
    table = reduce(lambda outer, section: outer.get(section, {}), sections, from_file)
    return Origin.FILE if name in table else Origin.DEFAULT

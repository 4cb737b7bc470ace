"""The settings as a list: names, what each allows, its default. Made from the model, so it cannot fall behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from candlewick.settings.model import Settings
from candlewick.settings.sections import Section
from candlewick.settings.source import variable


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as people meet it."""

    name: str
    """As in candlewick.toml: `http.port`."""
    kind: type
    description: str
    allowed: str
    default: Any
    examples: tuple[Any, ...]

    @property
    def variable(self) -> str:
        return variable(self.name)

    @property
    def section(self) -> str:
        """Its table in candlewick.toml; empty at the top."""
        return self.name.rpartition(".")[0]

    @property
    def secret(self) -> bool:
        return self.kind is SecretStr


@cache
def catalogue() -> Mapping[str, Setting]:
    """Every setting by its name, those of the top first, in the model's order."""
    return {setting.name: setting for setting in _settings(Settings, "")}


def _settings(model: type[BaseModel], prefix: str) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        kind = _kind(field.annotation)
        if issubclass(kind, Section):
            yield from _settings(kind, f"{prefix}{name}.")
        else:
            default = field.get_default(call_default_factory=True, validated_data={})
            allowed, examples = _allowed(kind, field), tuple(field.examples or ())
            yield Setting(prefix + name, kind, field.description or "", allowed, default, examples)


def _kind(annotation: Any) -> type:
    """The one type that a setting has, out of `Annotated[…] | None`."""
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        (one,) = (part for part in get_args(annotation) if part is not NoneType)
        return _kind(one)
    assert isinstance(annotation, type)  # noqa: S101 - a statement about the model, not about input
    return annotation


def _allowed(kind: type, field: FieldInfo) -> str:
    if issubclass(kind, StrEnum):
        return "one of " + ", ".join(kind)
    if kind is bool:
        return "true or false"
    if kind is int:
        return f"a whole number{_bounds(field)}"
    if kind is timedelta:
        return f"a duration like PT1.5S, or seconds{_bounds(field)}"
    if kind is SecretStr:
        urls = [str(example) for example in field.examples or () if "://" in str(example)]
        return "a URL like " + " or ".join(urls) if urls else "a text that is not empty"
    return "a path" if issubclass(kind, Path) else _text(field)


def _text(field: FieldInfo) -> str:
    return f"a text like {field.examples[0]}" if field.examples else "a text that is not empty"


def _bounds(field: FieldInfo) -> str:
    bounds = {name: getattr(limit, name) for limit in field.metadata for name in ("ge", "le") if hasattr(limit, name)}
    return f" from {plain(bounds['ge'])} to {plain(bounds['le'])}" if bounds else ""


def plain(value: Any) -> Any:
    """The value as TOML and JSON can hold it."""
    match value:
        case timedelta():
            seconds = value.total_seconds()
            return int(seconds) if seconds.is_integer() else seconds
        case StrEnum() | Path():
            return str(value)
        case SecretStr():
            return value.get_secret_value()
        case _:
            return value

"""All settings as one: where they come from, and those that stand in no table."""

from __future__ import annotations

import os
from pathlib import Path
from socket import gethostname
from typing import Annotated

from platformdirs import user_data_path
from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from candlewick.settings.access import AccessSettings
from candlewick.settings.kinds import LOOPBACK_NAMES, Location, LogFormat, LogLevel, lower
from candlewick.settings.limits import LimitSettings
from candlewick.settings.sections import (
    DatabaseSettings,
    DemoSettings,
    HttpSettings,
    ImportSettings,
    IndicatorSettings,
    LiveSettings,
    RedisSettings,
    StorageSettings,
    WebsocketSettings,
    WorkerSettings,
)
from candlewick.settings.source import config_file
from candlewick.settings.sources import SourceSettings, SourcesSettings


def default_data_dir() -> Path:
    """Where our files lie. Root's PostgreSQL runs as another user, who cannot enter root's home."""
    if os.name == "posix" and os.geteuid() == 0:
        return Path("/var/lib/candlewick")
    return user_data_path("candlewick")


class Settings(BaseSettings):
    """All of them: environment over candlewick.toml over defaults. Read once, never changed."""

    model_config = SettingsConfigDict(
        env_prefix="CANDLEWICK_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        validate_default=True,
    )

    data_dir: Location = Field(
        default_factory=default_data_dir, description="The folder for everything that Candlewick writes."
    )
    log_level: Annotated[LogLevel, BeforeValidator(lower)] = Field(
        LogLevel.INFO, description="The least important event that is logged."
    )
    log_format: Annotated[LogFormat, BeforeValidator(lower)] | None = Field(
        None,
        description="How events are written. Without a value: console on a terminal, else json.",
        examples=["json"],
    )
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    http: HttpSettings = HttpSettings()
    access: AccessSettings = AccessSettings()
    limits: LimitSettings = LimitSettings()
    websockets: WebsocketSettings = WebsocketSettings()
    worker: WorkerSettings = WorkerSettings()
    live: LiveSettings = LiveSettings()
    indicators: IndicatorSettings = IndicatorSettings()
    demo: DemoSettings = DemoSettings()
    storage: StorageSettings = StorageSettings()
    imports: ImportSettings = ImportSettings()
    sources: SourcesSettings = SourcesSettings()

    def source(self, code: str) -> SourceSettings:
        """The settings of the source of that code, which is one of the registry's."""
        found: SourceSettings = getattr(self.sources, code)
        return found

    @property
    def archive_dir(self) -> Path:
        return self.storage.archive_dir or self.data_dir / "archive"

    @property
    def documents_dir(self) -> Path:
        return self.access.documents or self.data_dir / "documents"

    @property
    def exposed(self) -> bool:
        """Whether others than this machine can reach the server, as far as the settings tell."""
        return self.http.exposed or self.access.trusted_proxies is not None

    @property
    def allows_anonymous(self) -> bool:
        return not self.exposed if self.http.anonymous is None else self.http.anonymous

    @property
    def is_open(self) -> bool:
        """Whether anybody may read, from anywhere, and no host was named: names are ours only if we know them."""
        return self.allows_anonymous and not self.http.on_loopback and self.http.hosts is None

    @property
    def host_names(self) -> tuple[str, ...]:
        """The names of this server in requests; with `is_open` addresses are good too."""
        return (*LOOPBACK_NAMES, gethostname().lower()) if self.is_open else self.http.host_names

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())

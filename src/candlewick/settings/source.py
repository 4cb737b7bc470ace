"""Where settings come from: the variables and the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from candlewick.domain.errors import SettingsError

PREFIX: Final = "CANDLEWICK_"
DEFAULT_FILE: Final = "candlewick.toml"
FILE_VARIABLE: Final = "CANDLEWICK_CONFIG"
NOT_SETTINGS: Final = frozenset(
    {
        FILE_VARIABLE,
        "CANDLEWICK_CACHE_DIR",
        "CANDLEWICK_DEBIAN_MIRROR",
        "CANDLEWICK_DATABASE_PASSWORD",
        "CANDLEWICK_REDIS_PASSWORD",
        "CANDLEWICK_PUBLISH",
    }
)
"""Variables with our prefix that are no settings: the choice of the file, scripts/timescaledb, docker-compose.yml."""
TEST_PREFIX: Final = "CANDLEWICK_TEST_"
"""Variables of the test suite."""


def config_file() -> Path | None:
    """The file that CANDLEWICK_CONFIG names, else candlewick.toml of the working folder, if there is one."""
    named = os.environ.get(FILE_VARIABLE)
    if named:
        path = Path(os.path.expanduser(named))  # noqa: PTH111  (Path.expanduser raises where there is no such home)
        if not path.is_file():
            raise SettingsError(f"{FILE_VARIABLE} names {named}, which is no file: `candlewick config init` writes one")
        return path
    path = Path(DEFAULT_FILE)
    return path if path.is_file() else None


def variable(name: str) -> str:
    """The environment's spelling of a setting: http.port → CANDLEWICK_HTTP__PORT."""
    return PREFIX + name.replace(".", "__").upper()


def given_variables() -> dict[str, str]:
    """The settings that the environment gives, by their variable; an empty one counts as not given."""
    return {
        name.upper(): value
        for name, value in os.environ.items()
        if name.upper().startswith(PREFIX)
        and value
        and name.upper() not in NOT_SETTINGS
        and not name.upper().startswith(TEST_PREFIX)
    }

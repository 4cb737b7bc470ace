"""Environment variables and candlewick.toml in, one frozen `Settings` out.

Only the command line, the worker and the wiring read it; everything else gets what it needs passed in.
"""

from candlewick.settings.load import load_settings
from candlewick.settings.model import (
    BinanceSettings,
    Duty,
    HttpSettings,
    LiveSettings,
    LogFormat,
    LogLevel,
    Settings,
    WorkerSettings,
)

__all__ = [
    "BinanceSettings",
    "Duty",
    "HttpSettings",
    "LiveSettings",
    "LogFormat",
    "LogLevel",
    "Settings",
    "WorkerSettings",
    "load_settings",
]

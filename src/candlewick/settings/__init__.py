"""Environment variables and candlewick.toml in, one frozen `Settings` out.

Only the command line, the worker and the wiring read it; everything else gets what it needs passed in.
"""

from candlewick.settings.access import AccessSettings
from candlewick.settings.kinds import Duty, LogFormat, LogLevel
from candlewick.settings.limits import LimitSettings
from candlewick.settings.load import load_settings
from candlewick.settings.model import Settings
from candlewick.settings.sections import HttpSettings, LiveSettings, WebsocketSettings, WorkerSettings
from candlewick.settings.sources import SourceSettings

__all__ = [
    "AccessSettings",
    "Duty",
    "HttpSettings",
    "LimitSettings",
    "LiveSettings",
    "LogFormat",
    "LogLevel",
    "Settings",
    "SourceSettings",
    "WebsocketSettings",
    "WorkerSettings",
    "load_settings",
]

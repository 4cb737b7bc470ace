"""What the exit code of each command says."""

from __future__ import annotations

from enum import IntEnum

from candlewick.domain.errors import CandlewickError, ServiceError, SettingsError


class ExitCode(IntEnum):
    """The same in every command."""

    OK = 0
    FAILED = 1
    """Input was refused, in part or as a whole, or what was looked for is not there."""
    USAGE = 2
    """The arguments or the settings are wrong."""
    UNAVAILABLE = 3
    """The database, Redis, a port or another service that is needed does not do its part."""


EXPLAINED = """\b
Exit codes:
  0  done
  1  input was refused, in part or as a whole, or a check failed
  2  the arguments or the settings are wrong
  3  a service that is needed (database, Redis, a free port) is not available
  130  interrupted
"""


def exit_code(error: CandlewickError) -> ExitCode:
    """The exit code that tells of this error."""
    if isinstance(error, SettingsError):
        return ExitCode.USAGE
    if isinstance(error, ServiceError):
        return ExitCode.UNAVAILABLE
    return ExitCode.FAILED

"""What a check comes back with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from candlewick.cli.exit_codes import ExitCode


class Severity(StrEnum):
    """From nothing to do, to nothing works."""

    OK = "ok"
    ADVICE = "advice"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    severity: Severity
    message: str
    advice: str | None = None
    """What to do about it."""


def fine(check: str, message: str) -> Finding:
    return Finding(check, Severity.OK, message)


def advice(check: str, message: str, what_to_do: str) -> Finding:
    return Finding(check, Severity.ADVICE, message, what_to_do)


def warning(check: str, message: str, what_to_do: str) -> Finding:
    return Finding(check, Severity.WARNING, message, what_to_do)


def failure(check: str, message: str, what_to_do: str) -> Finding:
    return Finding(check, Severity.FAILURE, message, what_to_do)


def worst(findings: Iterable[Finding]) -> ExitCode:
    """The exit code of all of them: advice is no fault, a warning is one, a failure keeps Candlewick from working."""
    found = {finding.severity for finding in findings}
    if Severity.FAILURE in found:
        return ExitCode.UNAVAILABLE
    return ExitCode.FAILED if Severity.WARNING in found else ExitCode.OK

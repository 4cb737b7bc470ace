"""`candlewick doctor`: what is there, what is missing, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from candlewick.cli.invocation import begun
from candlewick.cli.output import AsJson, say, write_json

if TYPE_CHECKING:
    from candlewick.cli.doctor.findings import Finding

_MARKS = {"ok": "✓", "advice": "i", "warning": "!", "failure": "✗"}


def doctor(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Look at what Candlewick needs, and say what to do.

    That is: the database (version, edition, migrations, clock), Redis, the data folder, the port. The exit code is
    that of the
    worst finding: 0 nothing is wrong, 1 a warning, 3 something that is needed does not work.

    \b
    Examples:
      candlewick doctor
      candlewick doctor --json | jq '.[] | select(.severity != "ok")'
    """
    from candlewick.cli.doctor.examination import examine
    from candlewick.cli.doctor.findings import worst

    with begun(ctx) as settings:
        findings = examine(settings)
    if as_json:
        write_json([asdict(finding) for finding in findings])
    else:
        _describe(findings)
    raise typer.Exit(worst(findings))


def _describe(findings: Iterable[Finding]) -> None:
    for finding in findings:
        say(f"{_MARKS[finding.severity]} {finding.check}: {finding.message}")
        if finding.advice:
            say(f"    → {finding.advice}")

"""`candlewick sources`: what sources there are, and how it stands with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import typer

from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, write_json, write_table
from candlewick.clock import SystemClock

if TYPE_CHECKING:
    from candlewick.domain.source import SourceProfile, SourceStatus
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses

COLUMNS: Final = ("source", "status", "lag", "streams", "left", "gaps", "dead letters", "last error")


def sources(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the sources of data: how it stands with each, how new its data is, what may still be asked.

    Seen over all servers and workers. `left` is what is left of the budget of requests. Without Redis, what the
    database knows is shown, and the status is `unknown`.

    \b
    Examples:
      candlewick sources
      candlewick sources --json
    """
    from candlewick.wiring import addresses

    with begun(ctx) as settings, addresses(settings) as where:
        profiles, statuses = run(_look(settings, where))
    now = SystemClock().now()
    if as_json:
        write_json([_fields(profiles[code], status, now) for code, status in statuses.items()])
        return
    write_table(COLUMNS, [_row(status, now) for status in statuses.values()])
    for reason in {status.unknown for status in statuses.values() if status.unknown}:
        typer.echo(f"candlewick: what workers see is unknown: {reason}", err=True)


async def _look(settings: Settings, where: Addresses) -> tuple[Mapping[str, SourceProfile], Mapping[str, SourceStatus]]:
    from candlewick.wiring import open_overseer

    async with open_overseer(settings, where) as overseer:
        return overseer.profiles, await overseer.statuses()


def _row(status: SourceStatus, now: datetime) -> tuple[object, ...]:
    streams = f"{sum(stream.connected_at is not None for stream in status.streams)}/{len(status.streams)}"
    main = next((budget for budget in status.budgets if budget.name == status.code), None)
    return (
        status.code,
        status.state.lower(),
        _short(status.lag(now)),
        streams if status.streams else None,
        None if main is None else f"{main.left:,} of {main.limit:,}",
        status.figures.open_gaps or None,
        status.figures.dead_letters or None,
        status.last_error,
    )


def _short(span: timedelta | None) -> str | None:
    """About how long, in the largest unit that fits twice."""
    if span is None:
        return None
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if span.total_seconds() >= 2 * seconds:
            return f"{span.total_seconds() / seconds:.0f} {unit}"
    return f"{span.total_seconds():.1f} s"


def _fields(profile: SourceProfile, status: SourceStatus, now: datetime) -> dict[str, Any]:
    return {
        "source": status.code,
        "name": profile.name,
        "status": status.state.lower(),
        "capabilities": [capability.lower() for capability in profile.capabilities],
        "unknown": status.unknown,
        "newest": status.figures.newest,
        "lag_seconds": _seconds(status.lag(now)),
        "last_success": status.succeeded_at,
        "last_error": status.last_error,
        "last_error_at": status.failed_at,
        "open_gaps": status.figures.open_gaps,
        "dead_letters": status.figures.dead_letters,
        "budgets": [
            {
                "name": budget.name,
                "limit": budget.limit,
                "span_seconds": _seconds(budget.span),
                "used": budget.used,
                "left": budget.left,
                "paused_seconds": _seconds(budget.paused_for),
            }
            for budget in status.budgets
        ],
        "endpoints": _without_source(status.circuits),
        "streams": _without_source(status.streams),
    }


def _without_source(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in asdict(row).items() if name != "source"} for row in rows]


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()

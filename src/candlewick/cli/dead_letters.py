"""`candlewick dead-letters`: what could not be stored or done, and trying it again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, say, write_json, write_table
from candlewick.domain.errors import UnknownLetter

if TYPE_CHECKING:
    from candlewick.domain.letter import KeptLetter, LetterFilter, LetterId, Retried
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses, Stores

dead_letters = typer.Typer(
    help="List and show what could not be stored or done, and try it again.", no_args_is_help=True
)

_AT_ONCE: Final = 100
"""Letters that are tried again before any more are looked at."""
_LONGEST: Final = 60
"""Characters of a reason in a table."""


class KindName(StrEnum):
    """The kinds of letters as one types them."""

    MALFORMED = "malformed"
    INVALID = "invalid"
    CLASH = "clash"
    JOB = "job"
    PAYLOAD = "payload"


Number = Annotated[int, typer.Argument(min=1, help="Its number, as `candlewick dead-letters list` shows it.")]
Kind = Annotated[KindName | None, typer.Option(help="Only those.")]
Source = Annotated[str | None, typer.Option(metavar="CODE", help="Only those of this source.")]


@dead_letters.command("list")
def list_letters(
    ctx: typer.Context,
    kind: Kind = None,
    source: Source = None,
    every: Annotated[bool, typer.Option("--all", help="Those that are resolved too.")] = False,
    first: Annotated[int, typer.Option(min=1, max=500, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List dead letters, the newest first.

    \b
    Examples:
      candlewick dead-letters list
      candlewick dead-letters list --kind clash --source binance --json
    """
    found = _with_stores(ctx, lambda stores: _page(stores, _filter(kind, source, every=every), first, None))
    if as_json:
        write_json([fields(letter) for letter in found])
    elif found:
        write_table(("letter", "kind", "source", "subject", "tries", "last seen", "reason"), map(_row, found))
    else:
        say("There are no such dead letters.")


@dead_letters.command("show")
def show(ctx: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """Show one dead letter, with the row as it came.

    \b
    Examples:
      candlewick dead-letters show 7
    """

    async def find(stores: Stores) -> KeptLetter:
        found = await stores.dead_letters.by_ids([_id(number)])
        if not found:
            raise UnknownLetter(number)
        return found[_id(number)]

    letter = _with_stores(ctx, find)
    if as_json:
        write_json(fields(letter))
        return
    for name, value in fields(letter).items():
        if value is not None:
            say(f"{name + ':':<12} {value}")


@dead_letters.command("retry")
def retry(
    ctx: typer.Context,
    numbers: Annotated[list[int] | None, typer.Argument(min=1, help="Their numbers.")] = None,
    kind: Kind = None,
    source: Source = None,
    as_json: AsJson = False,
) -> None:
    """Try dead letters again: those of these numbers, or all unresolved ones of a kind or source.

    A row or payload is read from its payload once more, and stored if that works now. What is in an archive file, and
    steps of jobs, are left to workers. What worked is resolved; the letter stays. The exit code is 1 if a letter is
    still dead or cannot be tried.

    \b
    Examples:
      candlewick dead-letters retry 7 8
      candlewick dead-letters retry --kind malformed --source binance
    """
    if not numbers and kind is None and source is None:
        raise typer.BadParameter("say which: numbers, --kind or --source")
    if numbers and (kind is not None or source is not None):
        raise typer.BadParameter("give numbers, or --kind and --source, not both")
    from candlewick.wiring import addresses

    with begun(ctx) as settings, addresses(settings, redis=False) as where:
        done = run(_retry(settings, where, list(dict.fromkeys(numbers or ())), _filter(kind, source)))
    if as_json:
        write_json([_outcome(retried) for retried in done])
    elif done:
        write_table(("letter", "result", "job", "reason"), [tuple(_outcome(retried).values()) for retried in done])
    else:
        say("There are no such dead letters.")
    if any(retried.result in {"STILL_DEAD", "NOT_POSSIBLE"} for retried in done):
        raise typer.Exit(ExitCode.FAILED)


async def _retry(settings: Settings, where: Addresses, numbers: list[int], which: LetterFilter) -> list[Retried]:
    from candlewick.wiring import open_replays, open_stores

    done: list[Retried] = []
    async with open_stores(settings, where, "dead-letters") as stores, open_replays(settings, stores) as replays:
        if numbers:
            for start in range(0, len(numbers), _AT_ONCE):
                ids = [_id(number) for number in numbers[start : start + _AT_ONCE]]
                done += await replays.letters.run(ids, requested_by="cli")
            return done
        found = await _page(stores, which, _AT_ONCE, None)
        while found:
            done += await replays.letters.run([letter.id for letter in found], requested_by="cli")
            found = await _page(stores, which, _AT_ONCE, found[-1].id)
    return done


def _with_stores[T](ctx: typer.Context, use: Callable[[Stores], Awaitable[T]]) -> T:
    """Open the stores, use them once, close them."""
    from candlewick.wiring import addresses, open_stores

    with begun(ctx) as settings, addresses(settings, redis=False) as where:

        async def once() -> T:
            async with open_stores(settings, where, "dead-letters") as stores:
                return await use(stores)

        return run(once())


async def _page(stores: Stores, which: LetterFilter, first: int, after: LetterId | None) -> list[KeptLetter]:
    return list((await stores.dead_letters.letters(which, first, after)).rows)


def _filter(kind: KindName | None, source: str | None, *, every: bool = False) -> LetterFilter:
    from candlewick.domain.letter import LetterFilter
    from candlewick.domain.raw import LetterKind

    return LetterFilter(LetterKind(kind.upper()) if kind else None, source, None if every else False)


def _id(number: int) -> LetterId:
    from candlewick.domain.letter import LetterId

    return LetterId(number)


def fields(letter: KeptLetter) -> dict[str, Any]:
    """For JSON, and line by line."""
    dead = letter.letter
    return {
        "letter": letter.id,
        "kind": dead.kind.lower(),
        "source": dead.source,
        "subject": dead.subject,
        "reason": dead.reason,
        "tries": letter.attempts,
        "first_seen": _moment(letter.first_seen_at),
        "last_seen": _moment(letter.last_seen_at),
        "resolved": _moment(letter.resolved_at),
        "payload": dead.raw_id,
        "job": dead.job_id,
        "step": dead.step,
        "text": dead.payload,
    }


def _row(letter: KeptLetter) -> tuple[object, ...]:
    dead, seen = letter.letter, f"{letter.last_seen_at:%Y-%m-%d %H:%M:%S}"
    reason = dead.reason if len(dead.reason) <= _LONGEST else f"{dead.reason[: _LONGEST - 1]}…"
    resolved = "resolved: " if letter.resolved_at else ""
    return (letter.id, dead.kind.lower(), dead.source, dead.subject, letter.attempts, seen, resolved + reason)


def _outcome(retried: Retried) -> dict[str, Any]:
    result = retried.result.lower().replace("_", " ")
    return {"letter": retried.letter.id, "result": result, "job": retried.job_id, "reason": retried.reason}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")

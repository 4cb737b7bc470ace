"""`candlewick replaced`: which imported archive files their venue has replaced since."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, say, write_json, write_table
from candlewick.domain.errors import UnknownFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from candlewick.domain.raw import ReplacedFile
    from candlewick.pipeline.outdated import Replacement
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses


def replaced(
    ctx: typer.Context,
    lists: Annotated[
        list[Path],
        typer.Argument(
            metavar="LIST…", help="Lists of replaced files, as the venue publishes them.", exists=True, dir_okay=False
        ),
    ],
    source: Annotated[str, typer.Option(metavar="CODE", help="Whose lists they are.")] = "binance",
    as_json: AsJson = False,
) -> None:
    """Tell which imported archive files their venue has replaced since.

    Binance publishes lists of files that it replaced, with their former and their new sha256. A file that is outdated
    here is corrected by importing the new one, or by `candlewick backfill` over its days, which fetches it.

    The exit code is 1 if a file is outdated.

    \b
    Examples:
      candlewick replaced 2022-10-04_aggregate_trade_updates.csv
    """
    from candlewick.wiring import addresses

    listed = [each for path in lists for each in _read(path, source)]
    with begun(ctx) as settings, addresses(settings, redis=False) as where:
        found = run(_find(settings, where, source, listed))
    if as_json:
        write_json([_fields(each) for each in found])
    elif found:
        write_table(("file", "state", "imported", "new"), [tuple(_fields(each).values()) for each in found])
    else:
        say(f"None of {len(listed):,} replaced files was imported.")
    if any(each.state == "OUTDATED" for each in found):
        raise typer.Exit(ExitCode.FAILED)


def _read(path: Path, source: str) -> Sequence[ReplacedFile]:
    from candlewick.providers.registry import CODES, provider

    read = provider(source).replaced if source in CODES else None
    if read is None:
        known = ", ".join(code for code in CODES if provider(code).replaced)
        raise typer.BadParameter(
            f"{source!r} publishes no lists of replaced files; {known} does", param_hint="--source"
        )
    try:
        return read(path.read_text(encoding="utf-8"), path.name)
    except UnicodeDecodeError as exc:
        raise UnknownFormat(path.name, f"it is no text: {exc}") from exc


async def _find(
    settings: Settings, where: Addresses, source: str, listed: Sequence[ReplacedFile]
) -> Sequence[Replacement]:
    from candlewick.pipeline.outdated import replacements
    from candlewick.wiring import open_stores

    async with open_stores(settings, where, "replaced") as stores:
        return await replacements(source, listed, stores.raw_reads)


def _fields(found: Replacement) -> dict[str, Any]:
    return {
        "file": found.listed.name,
        "state": found.state.lower(),
        "imported": found.imported.sha256,
        "new": found.listed.new,
    }

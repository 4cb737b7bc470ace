"""`candlewick migrate`: bring the tables to the version that the code needs."""

from __future__ import annotations

from typing import Annotated

import typer

from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, say, write_json


def migrate(
    ctx: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="REVISION", help="A number, `head` or `base` (empty).")] = "head",
    as_json: AsJson = False,
) -> None:
    """Bring the database to the tables of this version. Safe to run again, and from two places at once.

    \b
    Examples:
      candlewick migrate
      candlewick migrate --to 0002     back or forward to one revision
      candlewick migrate --to base     remove everything that Candlewick made there
    """
    from candlewick.wiring import addresses
    from candlewick.wiring import migrate as move

    with begun(ctx) as settings, addresses(settings, redis=False) as where:
        before, after = run(move(settings, where, to))
    if as_json:
        write_json({"before": before, "after": after})
    elif before == after:
        say(f"The database is at revision {after or 'base'}: nothing to do.")
    else:
        say(f"The database went from revision {before or 'base'} to {after or 'base'}.")

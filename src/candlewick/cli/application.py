"""The program: its commands, its common options, and what happens with an error."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from candlewick.cli.backfilling import backfill
from candlewick.cli.backtesting import backtest, backtests
from candlewick.cli.bar_building import build_bars
from candlewick.cli.configuration import config
from candlewick.cli.database import migrate
from candlewick.cli.dead_letters import dead_letters
from candlewick.cli.diagnosis import doctor
from candlewick.cli.documents import documents
from candlewick.cli.exit_codes import EXPLAINED, exit_code
from candlewick.cli.importing import import_files
from candlewick.cli.ingesting import ingest
from candlewick.cli.invocation import Invocation
from candlewick.cli.jobs import jobs
from candlewick.cli.keys import keys
from candlewick.cli.origins import raw
from candlewick.cli.pricing import convert, price
from candlewick.cli.processes import serve, worker
from candlewick.cli.replaced import replaced
from candlewick.cli.replaying import replay
from candlewick.cli.schema import schema
from candlewick.cli.simulating import simulate
from candlewick.cli.sources import sources
from candlewick.cli.together import demo, up
from candlewick.cli.verifying import verify
from candlewick.cli.watching import unwatch, watch
from candlewick.domain.errors import CandlewickError


class Program(TyperGroup):
    """Turns every error that is raised on purpose into one clear message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (CandlewickError, BaseExceptionGroup) as raised:
            error = _purposeful(raised)
            if error is None:
                raise
            if ctx.params.get("debug"):
                traceback.print_exception(raised)
            sys.stderr.write(f"candlewick: {error}\n")
            raise typer.Exit(exit_code(error)) from raised


def _purposeful(error: BaseException) -> CandlewickError | None:
    """The error itself, or the first one of a group of nothing else."""
    if isinstance(error, CandlewickError):
        return error
    if isinstance(error, BaseExceptionGroup):
        found = [_purposeful(part) for part in error.exceptions]
        return found[0] if all(found) else None
    return None


program = typer.Typer(
    name="candlewick",
    cls=Program,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    epilog=EXPLAINED,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        from candlewick import __version__

        typer.echo(f"candlewick {__version__}")
        raise typer.Exit


@program.callback()
def common(
    ctx: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Log everything, and show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Self-hosted market data: trades in, exact candles out, over one GraphQL API.

    \b
    On a machine with nothing prepared:
      candlewick demo      everything at once, with made-up prices
      candlewick up        everything at once, without a feed
      candlewick doctor    what is there, what is missing, what to do

    Settings come from CANDLEWICK_… variables and candlewick.toml; `candlewick config init` writes one to start from.
    Without the URL of a database or of Redis, private ones run in the data folder for as long as a command needs them.
    """
    del version
    ctx.obj = Invocation(debug=debug)


program.command()(up)
program.command()(demo)
program.command()(serve)
program.command()(worker)
program.command()(migrate)
program.command("import")(import_files)
program.command()(backfill)
program.command()(build_bars)
program.command()(ingest)
program.command()(watch)
program.command()(unwatch)
program.command()(sources)
program.command()(price)
program.command()(convert)
program.command()(backtest)
program.add_typer(backtests, name="backtests")
program.add_typer(jobs, name="jobs")
program.add_typer(dead_letters, name="dead-letters")
program.command()(raw)
program.command()(replay)
program.command()(replaced)
program.command()(verify)
program.command()(simulate)
program.command()(schema)
program.add_typer(keys, name="keys")
program.add_typer(documents, name="documents")
program.add_typer(config, name="config")
program.command()(doctor)


def main() -> None:
    """The entry point."""
    program(prog_name="candlewick")

"""`candlewick import`: files into the store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.instruments import key_of
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, say, write_json, write_table
from candlewick.domain.market import AssetClass, DataKind, InstrumentKey

if TYPE_CHECKING:
    from candlewick.cli.file_import import FileResult
    from candlewick.providers.csv.mapping import FileMapping
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses


Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE…", help="CSV files, bare, zipped or gzipped.", exists=True, dir_okay=False),
]
Key = Annotated[
    InstrumentKey,
    typer.Option("--instrument", metavar="VENUE:BASE-QUOTE", parser=key_of, help="What the files are of."),
]
MappingFile = Annotated[
    Path | None,
    typer.Option(
        "--mapping", metavar="MAP.toml", help="What the columns of a table mean.", exists=True, dir_okay=False
    ),
]
Kind = Annotated[
    DataKind | None,
    typer.Option("--kind", case_sensitive=False, help="What the rows of a table are, if it does not tell."),
]
BaseClass = Annotated[
    AssetClass | None,
    typer.Option("--base-class", case_sensitive=False, help="What kind of asset the base is, if it is new."),
]
QuoteClass = Annotated[
    AssetClass | None,
    typer.Option("--quote-class", case_sensitive=False, help="What kind of asset the quote currency is, if it is new."),
]
Again = Annotated[bool, typer.Option("--again", help="Deliver all rows once more, also of files that are complete.")]


def import_files(
    ctx: typer.Context,
    files: Files,
    *,
    instrument: Key,
    mapping: MappingFile = None,
    kind: Kind = None,
    base_class: BaseClass = None,
    quote_class: QuoteClass = None,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """Import files: archives of a venue, or tables of anybody's making.

    Archives of Binance (trades, aggregated trades, klines; zip or CSV) are checked against their CHECKSUM file where
    one lies beside them. Everything else is a table: trades, candles of a minute, quotes or days, as CSV, zipped or
    gzipped, told by its header or by a mapping.

    The files are kept, then read. Importing one again stores nothing twice; an import that was interrupted goes on
    where it was. Rows that cannot be read are kept as dead letters and the rest goes in; a table of which too many
    cannot be read is refused whole.

    The exit code is 0 if every row went in, 1 if a file was refused or a row became a dead letter.

    \b
    Examples:
      candlewick import BTCUSDT-trades-2024-08-08.zip --instrument binance:BTC-USDT
      candlewick import *.zip --instrument binance:BTC-USDT --json
      candlewick import spy.csv --instrument nyse:SPY-USD --base-class equity --mapping map.toml
    """
    from candlewick.cli.file_import import read_mapping
    from candlewick.wiring import addresses

    with begun(ctx) as settings, addresses(settings, redis=False) as where:
        told = read_mapping(mapping, kind, base_class, quote_class)
        results = run(_import(settings, where, files, instrument, told, again=again))
    if as_json:
        write_json([result.fields() for result in results])
    else:
        _summarise(results)
    if not all(result.whole for result in results):
        raise typer.Exit(ExitCode.FAILED)


async def _import(
    settings: Settings,
    where: Addresses,
    files: list[Path],
    key: InstrumentKey,
    mapping: FileMapping | None,
    *,
    again: bool,
) -> list[FileResult]:
    from candlewick.cli.file_import import import_each
    from candlewick.cli.progress import progress_bars
    from candlewick.wiring import archive_import, open_stores

    async with open_stores(settings, where, "import") as stores:
        with progress_bars(visible=sys.stderr.isatty()) as bars:
            return await import_each(archive_import(stores, key, mapping), files, key, again=again, bars=bars)


def _summarise(results: list[FileResult]) -> None:
    write_table(
        ("file", "lines", "stored", "repeated", "dead letters", "refused", "seconds", ""),
        [result.row() for result in results],
    )
    for result in results:
        if result.error is not None:
            say(f"{result.path.name}: {result.error}")
        elif result.unused:
            say(f"{result.path.name}: nothing was made of {', '.join(result.unused)}")

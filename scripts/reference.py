#!/usr/bin/env python3
"""Write the pages of docs/reference that come from the code: the commands, the settings, the bounds of the API.

.venv/bin/python scripts/reference.py            write them
.venv/bin/python scripts/reference.py --check    write nothing; exit code 1 if a page is out of step
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from typer.main import get_command
from typer.testing import CliRunner

from candlewick.backtest.strategies import STRATEGIES
from candlewick.backtest.strategy import Strategy
from candlewick.cli.application import program
from candlewick.domain import bar_series
from candlewick.domain.backtest import MOST_CANDLES, MOST_INSTRUMENTS, MOST_POINTS, MOST_TRADES
from candlewick.domain.indicator import IndicatorSpec, Memory, ParameterSpec
from candlewick.domain.indicator_query import MOST_SERIES
from candlewick.graphql.limits import (
    DEFAULT_ROWS,
    MARKET_ROWS,
    MAX_BODY,
    MAX_EVENT_GAPS,
    MAX_EVENT_ROWS,
    MAX_LISTED,
    MAX_RETRIED,
    MAX_ROWS,
    MAX_WATCHED,
    PRICE_ROWS,
    Limits,
)
from candlewick.graphql.websocket.limits import SocketLimits
from candlewick.indicators.catalogue import BY_DAY, CATALOGUE, TOTALS
from candlewick.pipeline.bar_building import MOST_BARS
from candlewick.settings.catalogue import Setting, catalogue, plain

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
COMMAND: Final = ".venv/bin/python scripts/reference.py"
MADE: Final = f"<!-- Made by `{COMMAND}`: change the code, not this page. -->\n"

BOUNDS: Final = {
    "body_bytes": "bytes of a request's body (or of the URL of a GET)",
    "body_seconds": "seconds until the body has arrived",
    "operation_seconds": "seconds until the operation is done",
    "tokens": "tokens of a document",
    "nesting": "brackets within brackets",
    "directives": "directives of a document",
    "name_length": "characters of a name",
    "number_length": "characters of a number",
    "definitions": "operations and fragments of a document",
    "variables": "variables of an operation",
    "depth": "levels of an operation",
    "aliases": "aliases of an operation",
    "fields": "selected fields, with fragments spread out",
    "root_fields": "fields at the top of an operation",
    "cost": "values that the answer to an operation may have: each selected field counts once for each object it is "
    "selected on, as `first`, `last` and `range` say; a page costs 10 more, all of introspection 0.8 of the bound",
    "page_rows": "rows of one page, where it may have as many",
    "rows": "rows that all lists of one operation ask for together",
    "document_bytes": "characters of documents that a server remembers parsed (no bound on you)",
}

SOCKET_BOUNDS: Final = {
    "sockets": "websockets at the same time",
    "sockets_per_key": "of them for one API key",
    "operations": "operations that run on one websocket at the same time",
    "operations_per_key": "operations that run on all websockets of one API key at the same time",
    "frame_bytes": "characters of a message",
    "frames": "messages that a client sends on one websocket within the time that follows",
    "frames_seconds": "seconds over which such messages are counted",
    "init_seconds": "seconds from a websocket's opening to its `connection_init`",
    "idle_seconds": "seconds that a websocket stays open on which nothing runs",
    "send_seconds": "seconds in which a client takes none of what is sent to it",
    "key_check_seconds": "seconds for which a revoked or expired key keeps its websockets",
}


def pages() -> dict[str, str]:
    """Each generated page: its file name and its text."""
    return {
        "cli.md": commands_page(),
        "settings.md": settings_page(),
        "limits.md": limits_page(),
        "indicators.md": indicators_page(),
        "strategies.md": strategies_page(),
    }


def commands_page() -> str:
    """The help of every command, as the program prints it."""
    parts = [f"# Commands\n\n{MADE}\nThe program's own help, `candlewick COMMAND --help`, in one page.\n"]
    for path in command_paths():
        name = " ".join(("candlewick", *path))
        parts.append(f"## {name}\n\n```text\n{help_of(path)}\n```\n")
    return "\n".join(parts)


def command_paths() -> Iterator[tuple[str, ...]]:
    """The program itself, its commands, their commands."""
    yield ()
    yield from _paths(get_command(program), ())


def _paths(group: Any, before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, command in getattr(group, "commands", {}).items():
        yield (*before, name)
        yield from _paths(command, (*before, name))


def help_of(path: Sequence[str]) -> str:
    """What `--help` prints, for a terminal of 100 columns."""
    result = CliRunner(env={"COLUMNS": "100"}).invoke(program, [*path, "--help"], prog_name="candlewick")
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def settings_page() -> str:
    """Every setting in a table for each section."""
    parts = [
        f"# Settings\n\n{MADE}\n"
        "A setting is a variable of the environment or a line of `candlewick.toml` (in the working folder, or\n"
        "the file that `CANDLEWICK_CONFIG` names). Variables win. `candlewick config init` writes a commented file,\n"
        "`candlewick config show` says what is in force and who said so. No secret has a default.\n"
    ]
    for section, settings in groupby(catalogue().values(), key=lambda setting: setting.section):
        heading = f"[{section}]" if section else "Top of the file"
        parts.append(f"## {heading}\n\n{table(('setting', 'variable', 'default', 'what it does'), _rows(settings))}")
    return "\n".join(parts)


def _rows(settings: Iterable[Setting]) -> Iterator[tuple[str, ...]]:
    for setting in settings:
        name = setting.name.rpartition(".")[2]
        words = f"{setting.description}<br>Allowed: {setting.allowed}."
        yield f"`{name}`", f"`{setting.variable}`", _default(setting), words


def _default(setting: Setting) -> str:
    if setting.name == "data_dir":  # it depends on who asks
        return "`/var/lib/candlewick` for root, else the user's own, on Linux `~/.local/share/candlewick`"
    value = plain(setting.default)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if value is None else f"`{value}`"


def limits_page() -> str:
    """The bounds of one request."""
    limits = Limits()
    bounds = [(f"{getattr(limits, field.name):,g}", BOUNDS[field.name]) for field in fields(Limits)]
    rows = [
        (f"{MAX_ROWS:,}", f"candles or trades on one page; {DEFAULT_ROWS} without `first` and `last`"),
        (f"{MAX_LISTED:,}", "instruments, assets, jobs, gaps or dead letters on one page"),
        (f"{MOST_SERIES:,}", "indicators of one field; their points count as rows"),
        (f"{MOST_INSTRUMENTS:,}", "instruments of one backtest, each run alone"),
        (f"{MOST_CANDLES:,}", "candles of a backtest's range"),
        (f"{MOST_POINTS:,}", "points that are kept of a backtest's equity curve; each counts as a row"),
        (f"{MOST_TRADES:,}", "positions that are kept of a backtest; all of them count in its statistics"),
        (f"{MAX_WATCHED:,}", "instruments of one subscription or one backfill"),
        (f"{bar_series.MOST_SERIES:,}", "series of event bars of one instrument"),
        (f"{MOST_BARS:,}", "event bars of one series"),
        (f"{MAX_RETRIED:,}", "dead letters that are tried again at once"),
        (f"{MAX_BODY:,}", "bytes of a raw payload's body; a thousand of them count as a row"),
        (f"{MAX_EVENT_ROWS:,}", "candles or trades that one event of a subscription carries"),
        (f"{MAX_EVENT_GAPS:,}", "gaps that a subscription tells of at once; of more, the newest"),
        (f"{PRICE_ROWS:,}", "rows that a price or a conversion counts as (no bound on you)"),
        (f"{MARKET_ROWS:,}", "rows that a list of movers or the statistics of a market count as (no bound on you)"),
        *bounds,
    ]
    text = (
        "What one request may ask for. Beyond a bound there is an error that names it: see [errors](errors.md).\n"
        "Each answer says in `extensions.cost` what it cost and what it may. Bounds of requests, documents and\n"
        "operations are [settings](settings.md#limits).\n"
    )
    columns = ("at most", "of what")
    sockets = [(f"{getattr(SocketLimits(), each.name):,g}", SOCKET_BOUNDS[each.name]) for each in fields(SocketLimits)]
    return (
        f"# Limits of the API\n\n{MADE}\n{text}\n{table(columns, rows)}\n## Websockets\n\n"
        "Of one server process, as they are without [settings](settings.md#websockets): what is beyond is refused, or\n"
        f"ends the socket with a [close code](errors.md#websockets) that says so.\n\n{table(columns, sockets)}"
    )


MEMORIES: Final = {
    Memory.FINITE: "the last `lookback` candles",
    Memory.FADING: "all candles, but what is older than `lookback` has faded below 1e-9 of the value",
    Memory.WHOLE: "all candles from the first on",
}


def indicators_page() -> str:
    """The catalogue, indicator by indicator."""
    parts = [
        f"# Indicators\n\n{MADE}\n"
        "What `indicatorCatalogue` says, in one page. Workers compute them\n"
        "[when asked](../howto/ask-for-indicators.md) or [keep them ready](../howto/indicators.md).\n"
        "Values are doubles, computed from the nearest doubles to the exact prices. `lookback` is how many candles it\n"
        "takes until a value is stable, which means that it would be the same with more candles before it; these\n"
        "figures are for the default parameters. Whether TA-Lib is installed changes nothing.\n"
    ]
    return "\n".join([*parts, *map(_indicator, CATALOGUE.values())])


def strategies_page() -> str:
    """What can be backtested, strategy by strategy."""
    parts = [
        f"# Strategies\n\n{MADE}\n"
        "What `strategyCatalogue` says, in one page; [how to run and add them](../howto/backtest.md) is another. A\n"
        "strategy says after each candle what to hold; what may not be held (`direction`) is not. Values that differ\n"
        "by less than 10⁻⁹ of themselves count as equal. `lookback` is how many candles it takes until a strategy can\n"
        "decide, with the defaults: so many are read before a range.\n"
    ]
    return "\n".join([*parts, *map(_strategy, STRATEGIES.values())])


def _strategy(strategy: Strategy) -> str:
    defaults = strategy.complete({})
    uses = ", ".join(sorted({f"`{use.name}`" for use in strategy.uses(defaults).values()})) or "no indicator"
    text = (
        f"## {strategy.name}\n\n{strategy.title}. {strategy.description}\n\n"
        f"It looks at {uses}; lookback: {strategy.lookback(defaults)} candles.\n"
    )
    parameters = table(("parameter", "default", "allowed", "what it is"), map(_parameter, strategy.parameters))
    return f"{text}\n{parameters}" if strategy.parameters else text


def _indicator(spec: IndicatorSpec) -> str:
    defaults = spec.complete({})
    facts = [
        ("takes", ", ".join(f"`{name}`" for name in spec.inputs)),
        ("says", ", ".join(f"`{name}`" for name in spec.outputs)),
        ("first value", f"after {spec.first(defaults):,} candles"),
        ("lookback", f"{spec.lookback(defaults):,} candles"),
        ("depends on", _memory(spec)),
        ("seed", spec.seed),
        ("source", spec.source),
        ("one by one", spec.promise),
    ]
    parameters = table(("parameter", "default", "allowed", "what it is"), map(_parameter, spec.parameters))
    return f"## {spec.name}\n\n{spec.title}.\n\n{table(('', ''), facts)}" + (
        f"\n{parameters}" if spec.parameters else "\nIt has no parameters.\n"
    )


def _memory(spec: IndicatorSpec) -> str:
    if spec.name in BY_DAY:
        return "all candles of the day (UTC)"
    exact = "; another beginning is another level, so it is refused where the first candle is too far away"
    return MEMORIES[spec.memory] + (exact if spec.name in TOTALS else "")


def _parameter(parameter: ParameterSpec) -> tuple[str, ...]:
    kind = "whole, " if parameter.whole else ""
    bounds = f"{kind}{parameter.least:,g} to {parameter.most:,.10g}"
    return f"`{parameter.name}`", f"{parameter.default:,.10g}", bounds, parameter.description


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def out_of_step(wanted: Mapping[str, str]) -> list[Path]:
    """The pages that say something else than the code."""
    paths = {FOLDER / name: text for name, text in wanted.items()}
    return [path for path, text in paths.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is out of step")
    check = parser.parse_args().check
    wanted = pages()
    stale = out_of_step(wanted)
    for path in stale:
        if check:
            print(f"{path} is out of step with the code: run {COMMAND}", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path.name], encoding="utf-8")
            print(f"{path} written.")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())

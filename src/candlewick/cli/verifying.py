"""`candlewick verify`: our candles against the venue's own."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from candlewick.cli.backfilling import From, moment_of
from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.instruments import key_of
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, say, write_json, write_table
from candlewick.domain.errors import EmptyWindow
from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window

if TYPE_CHECKING:
    from candlewick.pipeline.verifying import Verified
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses

_SHOWN: Final = 50
"""Differences in a table; --json has more."""


class IntervalName(StrEnum):
    """The widths of candles as one types them."""

    M1 = "M1"
    M5 = "M5"
    M15 = "M15"
    M30 = "M30"
    H1 = "H1"
    H4 = "H4"
    D1 = "D1"
    W1 = "W1"
    MO1 = "MO1"


Key = Annotated[
    InstrumentKey, typer.Argument(metavar="VENUE:BASE-QUOTE", parser=key_of, help="Whose candles are compared.")
]
To = Annotated[
    datetime, typer.Option("--to", metavar="TIME", parser=moment_of, help="The first moment that is not compared.")
]


def verify(
    ctx: typer.Context,
    instrument: Key,
    start: From,
    end: To,
    interval: Annotated[IntervalName, typer.Option(help="Of the candles that are compared.")] = IntervalName.M1,
    stored: Annotated[
        bool, typer.Option("--stored", help="Ask nobody: compare with the venue's candles that are here.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare candles from trades with the venue's own, field by field.

    The venue's minute candles are fetched and kept. Each field that differs is listed, as far as the venue says it.
    Where the venue's candles hold more volume, trades are missing here: that becomes a gap, and workers repair it.

    The exit code is 0 if everything is equal, 1 if something differs or nothing could be compared.

    \b
    Examples:
      candlewick verify binance:BTC-USDT --from 2024-08-08 --to 2024-08-09
      candlewick verify binance:BTC-USDT --from 2024-08 --to 2024-09 --interval H1 --json
    """
    from candlewick.wiring import addresses

    try:
        window = Window(start, end)
    except EmptyWindow as error:
        raise typer.BadParameter(str(error), param_hint="--from") from error
    with begun(ctx) as settings, addresses(settings, redis=not stored) as where:
        verified = run(_verify(settings, where, instrument, window, Interval(interval), stored=stored))
    if as_json:
        write_json(_fields(verified))
    else:
        _summarise(verified)
    if not verified.equal:
        raise typer.Exit(ExitCode.FAILED)


async def _verify(
    settings: Settings, where: Addresses, key: InstrumentKey, window: Window, interval: Interval, *, stored: bool
) -> Verified:
    from candlewick.pipeline.verifying import Verification
    from candlewick.wiring import open_services, open_stores

    if stored:
        async with open_stores(settings, where, "verify") as stores:
            verification = Verification({}, stores.import_stores, stores.jobs, stores.clock)
            return await verification.run(key, window, interval, fetch=False)
    async with open_services(settings, where, "verify") as services:
        return await services.verification.run(key, window, interval)


def _summarise(verified: Verified) -> None:
    if verified.differences:
        rows = [
            (f"{each.window.start:%Y-%m-%d %H:%M}", each.field, each.ours or "-", each.theirs or "-")
            for each in verified.differences[:_SHOWN]
        ]
        write_table(("candle", "field", "ours", "theirs"), rows)
        if verified.differing > _SHOWN:
            say(f"and {verified.differing - _SHOWN:,} more")
    unverified = f", {verified.unverified:,} could not be: the venue has none of them" if verified.unverified else ""
    say(f"{verified.compared:,} candles were compared{unverified}; {verified.differing:,} fields differ.")
    if verified.gaps:
        say(f"The venue counts more volume than there is here: {verified.gaps:,} gaps are known of it now.")


def _fields(verified: Verified) -> dict[str, Any]:
    return {
        "instrument": str(verified.key),
        "from": verified.window.start,
        "to": verified.window.end,
        "interval": verified.interval.value,
        "equal": verified.equal,
        "compared": verified.compared,
        "unverified": verified.unverified,
        "differing": verified.differing,
        "gaps": verified.gaps,
        "differences": [
            {"open": each.window.start, "field": each.field, "ours": each.ours, "theirs": each.theirs}
            for each in verified.differences
        ],
        "lacking": [{"from": window.start, "to": window.end} for window in verified.lacking],
    }

"""`candlewick watch` and `candlewick unwatch`: what is taken live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from candlewick.cli.instruments import key_of
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, say, write_json, write_table
from candlewick.domain.market import InstrumentKey

if TYPE_CHECKING:
    from candlewick.domain.watch import Watched
    from candlewick.settings import Settings
    from candlewick.wiring import Addresses

COLUMNS: Final = ("instrument", "since", "requested by")

Keys = Annotated[
    list[InstrumentKey], typer.Argument(metavar="VENUE:BASE-QUOTE…", parser=key_of, help="The instruments.")
]
MaybeKeys = Annotated[
    list[InstrumentKey] | None, typer.Argument(metavar="[VENUE:BASE-QUOTE]…", parser=key_of, help="The instruments.")
]


def watch(
    ctx: typer.Context,
    instruments: MaybeKeys = None,
    listed: Annotated[bool, typer.Option("--list", help="Only show what is watched.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take instruments live from now on.

    Workers with the duty `live` follow them within seconds: over a stream where the source has one, else by asking for
    quotes again and again. The list is kept in the database, beside what the setting live.watch names.

    \b
    Examples:
      candlewick watch binance:BTC-USDT kraken:EUR-USD
      candlewick watch --list
    """
    from candlewick.wiring import addresses

    if bool(instruments) == listed:
        raise typer.BadParameter("name instruments, or --list alone")
    with begun(ctx) as settings, addresses(settings, redis=bool(instruments)) as where:
        watched = run(_watch(settings, where, instruments) if instruments else _all(settings, where))
    _show(watched, as_json=as_json)


def unwatch(ctx: typer.Context, instruments: Keys, as_json: AsJson = False) -> None:
    """Take instruments live no longer. What was stored of them stays.

    \b
    Examples:
      candlewick unwatch binance:BTC-USDT
    """
    from candlewick.wiring import addresses

    with begun(ctx) as settings, addresses(settings, redis=False) as where:
        watched = run(_unwatch(settings, where, instruments))
    fixed = {each.key for each in watched if each.fixed}
    for key in instruments:
        if key in fixed:
            typer.echo(f"candlewick: {key} stays watched, since the setting live.watch names it", err=True)
    _show(watched, as_json=as_json)


async def _watch(settings: Settings, where: Addresses, keys: Sequence[InstrumentKey]) -> Sequence[Watched]:
    from candlewick.wiring import open_services

    async with open_services(settings, where, "watch") as services:
        return await services.watching.watch(keys, "cli")


async def _all(settings: Settings, where: Addresses) -> Sequence[Watched]:
    from candlewick.wiring import open_stores, watching

    async with open_stores(settings, where, "watch") as stores:
        return await watching(stores, settings).all()


async def _unwatch(settings: Settings, where: Addresses, keys: Sequence[InstrumentKey]) -> Sequence[Watched]:
    from candlewick.wiring import open_stores, watching

    async with open_stores(settings, where, "watch") as stores:
        return await watching(stores, settings).unwatch(keys)


def _show(watched: Sequence[Watched], *, as_json: bool) -> None:
    if as_json:
        write_json([_fields(each) for each in watched])
    elif watched:
        write_table(COLUMNS, [_row(each) for each in watched])
    else:
        say("Nothing is watched: `candlewick watch VENUE:BASE-QUOTE` changes that.")


def _row(watched: Watched) -> tuple[object, ...]:
    since = "the settings" if watched.since is None else f"{watched.since:%Y-%m-%d %H:%M:%S}"
    return watched.key, since, watched.requested_by


def _fields(watched: Watched) -> dict[str, Any]:
    return {
        "instrument": str(watched.key),
        "fixed": watched.fixed,
        "since": watched.since,
        "requested_by": watched.requested_by,
    }

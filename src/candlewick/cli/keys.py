"""`candlewick keys`: who may use the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.invocation import begun, run
from candlewick.cli.output import AsJson, say, write_json, write_table
from candlewick.clock import SystemClock
from candlewick.domain.access import Role

if TYPE_CHECKING:
    from candlewick.domain.access import ApiKey
    from candlewick.storage.keys import ApiKeys

keys = typer.Typer(help="Make, list and revoke the keys of the API.", no_args_is_help=True)


class RoleName(StrEnum):
    """The roles as one types them."""

    READ = "read"
    OPERATOR = "operator"
    ADMIN = "admin"


def _yet_to_come(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.replace(tzinfo=UTC) <= SystemClock().now():
        raise typer.BadParameter(f"{moment:%Y-%m-%d %H:%M} UTC is over: the key would be worth nothing")
    return moment


@keys.command("create")
def create(
    ctx: typer.Context,
    role: Annotated[RoleName, typer.Option(help="What the key allows; each role includes the ones before it.")],
    name: Annotated[str, typer.Option(help="For whom or what it is; the role without one.")] = "",
    expires: Annotated[
        datetime | None,
        typer.Option(
            help="The day (UTC) from which it is worth nothing.",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"],
            callback=_yet_to_come,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once: only a digest of it is kept.

    \b
    Examples:
      candlewick keys create --role read --name dashboard
      candlewick keys create --role operator --name nightly --expires 2030-01-01
    """
    expires_at = expires.replace(tzinfo=UTC) if expires else None
    key, secret = _with_keys(ctx, lambda store: store.create(name or role, Role(role.upper()), expires_at))
    if as_json:
        write_json(_fields(key) | {"key": secret})
    else:
        say(secret)
        typer.echo(
            f"The key of {key.name!r} ({key.role.lower()}) is above: keep it now, it is not shown again. "
            f"`candlewick keys revoke {key.prefix}` ends it.",
            err=True,
        )


@keys.command("list")
def list_keys(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List all keys, without their secrets.

    \b
    Examples:
      candlewick keys list
      candlewick keys list --json
    """
    found = _with_keys(ctx, lambda store: store.list_keys())
    if as_json:
        write_json([_fields(key) for key in found])
    elif found:
        write_table(tuple(_fields(found[0])), [tuple(_fields(key).values()) for key in found])
    else:
        say("There are no keys yet: `candlewick keys create --role read --name …` makes one.")


@keys.command("expire")
def expire(
    ctx: typer.Context,
    prefix: Annotated[str, typer.Argument(help="The key's first characters, as `candlewick keys list` shows them.")],
    on: Annotated[
        datetime | None,
        typer.Argument(
            help="The day (UTC) from which it is worth nothing; without one it lasts.",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"],
            callback=_yet_to_come,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Let a key end by itself on another day, or never.

    \b
    Examples:
      candlewick keys expire cwk_1a2b3c4d 2030-01-01
      candlewick keys expire cwk_1a2b3c4d
    """
    moment = on.replace(tzinfo=UTC) if on else None
    changed = _with_keys(ctx, lambda store: store.expire(prefix, moment))
    if changed is None:
        raise _nothing_left(prefix)
    say(f"The key of {changed.name!r} " + (f"ends on {moment:%Y-%m-%d %H:%M} UTC." if moment else "lasts."))


@keys.command("revoke")
def revoke(
    ctx: typer.Context,
    prefix: Annotated[str, typer.Argument(help="The key's first characters, as `candlewick keys list` shows them.")],
) -> None:
    """Make a key worthless from now on.

    \b
    Examples:
      candlewick keys revoke cwk_1a2b3c4d
    """
    revoked = _with_keys(ctx, lambda store: store.revoke(prefix))
    if revoked is None:
        raise _nothing_left(prefix)
    say(f"The key of {revoked.name!r} is revoked.")


def _nothing_left(prefix: str) -> typer.Exit:
    typer.echo(f"candlewick: there is no key {prefix} that is still worth something", err=True)
    return typer.Exit(ExitCode.FAILED)


def _with_keys[T](ctx: typer.Context, use: Callable[[ApiKeys], Awaitable[T]]) -> T:
    """Open the store, use it once, close it."""
    from candlewick.wiring import addresses, open_stores

    with begun(ctx) as settings, addresses(settings, redis=False) as where:

        async def once() -> T:
            async with open_stores(settings, where, "keys") as stores:
                return await use(stores.keys)

        return run(once())


def _fields(key: ApiKey) -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "role": key.role.lower(),
        "created": key.created_at,
        "expires": key.expires_at,
        "revoked": key.revoked_at,
    }

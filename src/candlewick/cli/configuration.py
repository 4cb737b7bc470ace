"""`candlewick config`: write a template of the settings, show those in force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from candlewick.cli.invocation import begun
from candlewick.cli.output import AsJson, say, write_json, write_table
from candlewick.domain.errors import SettingsError

config = typer.Typer(help="Write a template of the settings, or show those in force.", no_args_is_help=True)


@config.command("init")
def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("candlewick.toml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write candlewick.toml: every setting with what it does, what it allows and its default.

    \b
    Examples:
      candlewick config init
      candlewick config init /etc/candlewick.toml && export CANDLEWICK_CONFIG=/etc/candlewick.toml
    """
    from candlewick.settings.template import template

    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError as error:
        raise SettingsError(f"{path} is there already: --force overwrites it") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error
    say(f"{path} written; it changes nothing yet. Take the `#` away from what you want to change.")


@config.command("show")
def show(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show every setting with its value and who gave it: a variable, the file or the default. Secrets are hidden.

    \b
    Examples:
      candlewick config show
      candlewick config show --json | jq '."http.port".value'
    """
    from candlewick.settings.effective import effective_settings

    with begun(ctx) as settings:
        shown = effective_settings(settings)
    if as_json:
        write_json(
            {
                one.setting.name: {"value": one.value, "origin": one.origin, "variable": one.setting.variable}
                for one in shown
            }
        )
    else:
        rows = [(one.setting.name, _text(one.value), one.origin, one.setting.variable) for one in shown]
        write_table(("setting", "value", "from", "variable"), rows)


def _text(value: str | float | bool | None) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)

"""`candlewick schema`: the API's schema as text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.output import say
from candlewick.domain.errors import SettingsError


def schema(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if the file (schema.graphql) says otherwise.")
    ] = False,
) -> None:
    """Print the GraphQL schema, for code generators and reviewers.

    \b
    Examples:
      candlewick schema
      candlewick schema --output schema.graphql
      candlewick schema --check
    """
    from candlewick.graphql.sdl import sdl

    if check:
        _compare(output or Path("schema.graphql"), sdl())
    elif output is None:
        typer.echo(sdl(), nl=False)
    else:
        _write(output, sdl())
        say(f"{output} written.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error


def _compare(path: Path, wanted: str) -> None:
    found = path.read_text(encoding="utf-8") if path.is_file() else None
    if found == wanted:
        say(f"{path} is the schema of this version.")
        return
    problem = "does not exist" if found is None else "is not the schema of this version"
    typer.echo(f"candlewick: {path} {problem}: run `candlewick schema --output {path}`", err=True)
    raise typer.Exit(ExitCode.FAILED)

"""`candlewick documents`: what a server runs that runs registered documents only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from candlewick.cli.exit_codes import ExitCode
from candlewick.cli.invocation import begun
from candlewick.cli.output import AsJson, say, write_json, write_table
from candlewick.domain.errors import SettingsError

if TYPE_CHECKING:
    from candlewick.graphql.documents import Documents
    from candlewick.graphql.trusted import RegisteredDocument
    from candlewick.settings import Settings

documents = typer.Typer(help="Register, list and remove the documents that are trusted.", no_args_is_help=True)


@documents.command("add")
def add(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Documents, or manifests of them (.json).", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Register documents; all of them, or none if one does not fit the schema.

    A manifest is what GraphQL Code Generator (`persisted-documents.json`, hashed with SHA-256) or Apollo writes. Any
    other file is one document. Servers know it within seconds; a client sends its SHA-256 in place of it.

    \b
    Examples:
      candlewick documents add dashboard.graphql
      candlewick documents add persisted-documents.json
    """
    from candlewick.graphql.manifest import documents_of
    from candlewick.graphql.trusted import DocumentFolder

    with begun(ctx) as settings:
        texts = [(file, text) for file in files for text in documents_of(file)]
        prepared = _documents(settings)
        problems = [f"{file}: {problem}" for file, text in texts for problem in _problems(prepared, text)]
        if problems:
            for problem in problems:
                typer.echo(f"candlewick: {problem}", err=True)
            raise typer.Exit(ExitCode.FAILED)
        try:
            added = DocumentFolder(settings.documents_dir).add(text for _, text in texts)
        except OSError as error:
            raise _unwritable(settings, error) from error
    _show(added, as_json=as_json)


@documents.command("list")
def list_documents(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the registered documents.

    \b
    Examples:
      candlewick documents list
    """
    from candlewick.graphql.trusted import DocumentFolder

    with begun(ctx) as settings:
        found = list(DocumentFolder(settings.documents_dir).documents())
    if found or as_json:
        _show(found, as_json=as_json)
    else:
        say("There are no registered documents yet: `candlewick documents add FILE` registers some.")


@documents.command("remove")
def remove(
    ctx: typer.Context, hash_: Annotated[str, typer.Argument(metavar="SHA256", help="As `list` shows it.")]
) -> None:
    """Trust a document no longer; servers forget it within seconds.

    \b
    Examples:
      candlewick documents remove 2f6d…
    """
    from candlewick.graphql.trusted import DocumentFolder

    with begun(ctx) as settings:
        try:
            removed = DocumentFolder(settings.documents_dir).remove(hash_)
        except OSError as error:
            raise _unwritable(settings, error) from error
    if not removed:
        typer.echo(f"candlewick: there is no registered document {hash_}", err=True)
        raise typer.Exit(ExitCode.FAILED)
    say("The document is no longer trusted.")


def _documents(settings: Settings) -> Documents:
    from candlewick.cli.server import limits_of
    from candlewick.graphql.documents import Documents
    from candlewick.graphql.schema import core, schema

    return Documents(core(schema), limits_of(settings.limits))


def _problems(documents: Documents, text: str) -> list[str]:
    return [error["message"] for error in documents.prepare(text).errors]


def _unwritable(settings: Settings, error: OSError) -> SettingsError:
    return SettingsError(f"{settings.documents_dir} (access.documents) cannot be written: {error.strerror}")


def _show(found: list[RegisteredDocument], *, as_json: bool) -> None:
    rows = [_fields(document) for document in found]
    if as_json:
        write_json(rows)
    elif rows:
        write_table(tuple(rows[0]), [tuple(row.values()) for row in rows])


def _fields(document: RegisteredDocument) -> dict[str, Any]:
    from graphql import OperationDefinitionNode, parse

    operations = [node for node in parse(document.text).definitions if isinstance(node, OperationDefinitionNode)]
    names = ", ".join(node.name.value if node.name else "unnamed" for node in operations)
    return {"sha256": document.hash, "operations": names, "characters": len(document.text)}

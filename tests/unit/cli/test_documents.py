"""Registering documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path

import pytest
from typer.testing import Result

from candlewick.graphql.trusted import hash_of

Call = Callable[..., Result]

QUERY = "query Ask { __typename }"
OTHER = "{ service { version } }"


def write(folder: Path, name: str, content: object) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def listed(call: Call) -> list[str]:
    return [row["sha256"] for row in json.loads(call("documents", "list", "--json").stdout)]


def test_a_document_is_registered_listed_and_removed(call: Call, folder: Path) -> None:
    assert "no registered documents yet" in call("documents", "list").output
    added = call("documents", "add", write(folder, "ask.graphql", QUERY), "--json")
    assert json.loads(added.stdout) == [{"sha256": hash_of(QUERY), "operations": "Ask", "characters": len(QUERY)}]
    assert hash_of(QUERY) in call("documents", "list").stdout
    assert call("documents", "remove", hash_of(QUERY)).exit_code == 0
    assert listed(call) == []
    assert call("documents", "remove", hash_of(QUERY)).exit_code == 1


@pytest.mark.parametrize(
    "manifest",
    [
        {hash_of(QUERY): QUERY, hash_of(OTHER): OTHER},
        {f"sha256:{hash_of(QUERY)}": QUERY, hash_of(OTHER): OTHER},
        {
            "format": "apollo-persisted-query-manifest",
            "version": 1,
            "operations": [
                {"id": hash_of(text), "name": "x", "type": "query", "body": text} for text in (QUERY, OTHER)
            ],
        },
    ],
)
def test_a_manifest_of_build_tools_is_registered(call: Call, folder: Path, manifest: object) -> None:
    assert call("documents", "add", write(folder, "documents.json", manifest)).exit_code == 0
    assert listed(call) == sorted([hash_of(QUERY), hash_of(OTHER)])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.json", {hash_of(QUERY): OTHER}, "is not the SHA-256 of its document"),
        ("m.json", {sha1(QUERY.encode()).hexdigest(): QUERY}, "hash with SHA-256"),  # noqa: S324
        ("m.json", {hash_of(QUERY): 5}, "has no document"),
        ("m.json", {"operations": ["x"]}, "is no object"),
        ("m.json", [QUERY], "it is no manifest"),
        ("m.json", "{", "it is no JSON"),
        ("m.graphql", "{ nothing }", "Cannot query field 'nothing'"),
        ("m.graphql", "{", "Syntax Error"),
    ],
)
def test_nothing_is_registered_if_anything_is_wrong(
    call: Call, folder: Path, name: str, content: object, said: str
) -> None:
    done = call("documents", "add", write(folder, "good.graphql", QUERY), write(folder, name, content))
    assert done.exit_code != 0
    assert said in done.output
    assert listed(call) == []


def test_a_file_that_is_not_there_is_said(call: Call, folder: Path) -> None:
    done = call("documents", "add", str(folder / "nowhere.graphql"))
    assert (done.exit_code, "cannot be read" in done.output) == (1, True)

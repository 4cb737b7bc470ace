"""Documents that go by their hash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from candlewick.graphql import trusted
from candlewick.graphql.app import HttpOptions
from candlewick.graphql.http.options import AccessOptions
from candlewick.graphql.parameters import Parameters
from candlewick.graphql.policy import DocumentPolicy
from candlewick.graphql.trusted import DocumentFolder, DocumentRefused, TrustedDocuments, hash_of
from unit.graphql.conftest import client_of
from unit.graphql.fakes import FakeServices
from unit.graphql.sockets import connected, serving

QUERY = "query Ask { __typename }"
OTHER = "{ a: __typename }"
ACCEPT = {"accept": "application/graphql-response+json"}


def persisted(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}


def under(folder: Path, *, only: bool = False) -> HttpOptions:
    policy = DocumentPolicy(folder=DocumentFolder(folder), trusted_only=only)
    return HttpOptions(anonymous=True, access=AccessOptions(documents=policy))


async def sent(client: httpx.AsyncClient, **body: object) -> httpx.Response:
    return await client.post("/graphql", json=body, headers=ACCEPT)


def code(response: httpx.Response) -> str:
    found: str = response.json()["errors"][0]["extensions"]["code"]
    return found


async def test_a_client_says_a_document_once_and_its_hash_from_then_on(client: httpx.AsyncClient) -> None:
    unknown = await sent(client, extensions=persisted(QUERY))
    assert (unknown.status_code, code(unknown)) == (400, "PERSISTED_QUERY_NOT_FOUND")
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"  # what Apollo's clients look for
    assert (await sent(client, query=QUERY, extensions=persisted(QUERY))).json()["data"]
    by_post = await sent(client, extensions=persisted(QUERY), query="")
    by_get = await client.get("/graphql", params={"extensions": json.dumps(persisted(QUERY)), "operationName": "Ask"})
    by_id = await client.get("/graphql", params={"documentId": f"sha256:{hash_of(QUERY)}"})
    for response in (by_post, by_get, by_id):
        assert response.json()["data"] == {"__typename": "Query"}


async def test_another_document_under_that_hash_is_refused(client: httpx.AsyncClient) -> None:
    response = await sent(client, query=OTHER, extensions=persisted(QUERY))
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert code(await sent(client, extensions=persisted(QUERY))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_document_at_fault_is_not_remembered(client: httpx.AsyncClient) -> None:
    assert code(await sent(client, query="{ nothing }", extensions=persisted("{ nothing }"))) != "BAD_REQUEST"
    assert code(await sent(client, extensions=persisted("{ nothing }"))) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "extensions",
    [
        {"persistedQuery": 5},
        {"persistedQuery": {"version": 2, "sha256Hash": hash_of(QUERY)}},
        {"persistedQuery": {"version": 1}},
        {"persistedQuery": {"version": 1, "sha256Hash": "../../etc/passwd"}},
        {"persistedQuery": {"version": 1, "sha256Hash": hash_of(QUERY).upper()}},
        {"persistedQuery": {"version": 1, "sha256Hash": 5}},
    ],
)
async def test_what_is_no_hash_is_refused(client: httpx.AsyncClient, extensions: object) -> None:
    for body in ({"extensions": extensions}, {"extensions": extensions, "query": QUERY}):
        assert code(await sent(client, **body)) == "BAD_REQUEST"


async def test_a_mutation_by_its_hash_still_wants_a_post(client: httpx.AsyncClient) -> None:
    mutation = 'mutation { unwatch(instruments: ["binance:BTC-USDT"]) { __typename } }'
    await sent(client, query=mutation, extensions=persisted(mutation))
    response = await client.get("/graphql", params={"extensions": json.dumps(persisted(mutation))})
    assert response.status_code == 405


async def test_only_registered_documents_run_where_it_is_so(services: FakeServices, tmp_path: Path) -> None:
    DocumentFolder(tmp_path).add([QUERY])
    async with client_of(services, under(tmp_path, only=True)) as client:
        for body in ({"query": QUERY}, {"extensions": persisted(QUERY)}, {"documentId": f"sha256:{hash_of(QUERY)}"}):
            assert (await sent(client, **body)).json()["data"] == {"__typename": "Query"}
        for body in ({"query": OTHER}, {"query": f"{QUERY} "}, {"extensions": persisted(OTHER)}):
            response = await sent(client, **body)
            assert (response.status_code, code(response)) == (400, "UNTRUSTED_DOCUMENT")
        taught = await sent(client, query=OTHER, extensions=persisted(OTHER))
        assert code(taught) == "UNTRUSTED_DOCUMENT"


async def test_a_socket_runs_no_other_documents_either(services: FakeServices, tmp_path: Path) -> None:
    DocumentFolder(tmp_path).add([QUERY])
    async with serving(services, under(tmp_path, only=True)) as app, connected(app) as socket:
        await socket.begin()
        socket.send("subscribe", id="1", payload={"extensions": persisted(QUERY)})
        assert await socket.data() == {"__typename": "Query"}
        assert (await socket.receive())["type"] == "complete"
        socket.subscribe("2", OTHER)
        assert (await socket.receive())["payload"][0]["extensions"]["code"] == "UNTRUSTED_DOCUMENT"


async def test_a_registered_document_goes_by_its_hash_without_being_said(
    services: FakeServices, tmp_path: Path
) -> None:
    DocumentFolder(tmp_path).add([QUERY])
    async with client_of(services, under(tmp_path)) as client:
        assert (await sent(client, extensions=persisted(QUERY))).json()["data"]


def test_a_file_that_was_changed_is_not_run(tmp_path: Path) -> None:
    folder = DocumentFolder(tmp_path)
    folder.add([QUERY])
    (tmp_path / f"{hash_of(QUERY)}.graphql").write_text(OTHER)
    (tmp_path / f"{hash_of(OTHER)}.graphql").write_bytes(b"\xff")
    assert [folder.text(hash_of(text)) for text in (QUERY, OTHER)] == [None, None]
    assert list(folder.documents()) == []


def test_every_byte_of_a_document_is_kept(tmp_path: Path) -> None:
    text = "query Ä {\r\n  __typename\r\n}\n\n"
    folder = DocumentFolder(tmp_path / "new")
    (added,) = folder.add([text])
    assert folder.text(added.hash) == text
    assert [path.suffix for path in folder.path.iterdir()] == [".graphql"]


def test_no_path_comes_out_of_a_hash(tmp_path: Path) -> None:
    (tmp_path / "secret.graphql").write_text(QUERY)
    folder = DocumentFolder(tmp_path / "documents")
    for said in ("../secret", "secret", "", "x" * 64):
        assert folder.text(said) is None
        assert not folder.remove(said)


def test_a_document_that_was_removed_is_forgotten_soon(tmp_path: Path) -> None:
    folder = DocumentFolder(tmp_path)
    folder.add([QUERY])
    now = [100.0]
    documents = TrustedDocuments(folder, only=True, clock=lambda: now[0])
    asked = Parameters("", None, None, hash_of(QUERY))
    assert documents.text(asked) == QUERY
    assert folder.remove(hash_of(QUERY))
    now[0] += trusted._FRESH
    with pytest.raises(DocumentRefused):
        documents.text(asked)


def test_what_clients_had_remembered_stays_bounded() -> None:
    documents = TrustedDocuments()
    texts = [f"{{ a{number}: __typename }}".ljust(500_000) for number in range(20)]
    for text in texts:
        documents.remember(Parameters(text, None, None, hash_of(text)))
    assert documents._size <= trusted._MOST_REMEMBERED
    assert documents.text(Parameters("", None, None, hash_of(texts[-1]))) == texts[-1]
    with pytest.raises(DocumentRefused):
        documents.text(Parameters("", None, None, hash_of(texts[0])))

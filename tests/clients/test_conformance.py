"""What others wrote down: GraphQL over HTTP, rules for schemas, requests made from the schema, servers that end."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Final

import pytest
from websockets import ConnectionClosed
from websockets.asyncio.client import connect

from clients.demo import DemoService
from clients.example import Example, missing
from documents import ROOT
from embedded_services import eventually

pytestmark = pytest.mark.timeout(900)  # packages may have to be installed first
SOCKETS: Final = 50
LIVE: Final = """
subscription {
  candles(instruments: ["demo:BTC-USD"], spec: { interval: M1 }) { ... on CandleSnapshot { cursor } }
}
"""


@pytest.fixture(scope="module")
def conformance(tmp_path_factory: pytest.TempPathFactory, demo: DemoService) -> Example:
    """The tools, installed, and the schema beside them."""
    folder = tmp_path_factory.mktemp("conformance") / "tools"
    shutil.copytree(Path(__file__).parent / "conformance", folder)
    shutil.copyfile(ROOT / "schema.graphql", folder / "schema.graphql")
    return Example("conformance", folder, demo)


def with_node(conformance: Example) -> Example:
    if reason := missing("node", "npm"):
        pytest.skip(reason)
    if not (conformance.folder / "node_modules").exists():
        conformance.prepare("package-lock.json", "node_modules", ["npm ci"])
    return conformance


def test_it_is_graphql_over_http_to_the_letter(conformance: Example) -> None:
    audits = json.loads(with_node(conformance).run(f"node audit.mjs {conformance.demo.url}/graphql"))

    assert len(audits) >= 61
    assert [audit for audit in audits if audit["status"] != "ok"] == []


def test_the_schema_follows_the_rules_for_schemas_and_for_relay(conformance: Example) -> None:
    assert with_node(conformance).run("npx --no-install eslint --max-warnings 0 schema.graphql") == ""


def test_requests_made_from_the_schema_find_no_fault(conformance: Example) -> None:
    """All checks but the one that whatever the types admit is accepted: GraphQL has no type for "1 to 500"."""
    said = conformance.run(
        f"'{sys.executable}' -m schemathesis.cli run --no-color --mode all --seed 1 --max-examples 8 --max-time 60 "
        "--continue-on-failure --generation-database none --exclude-checks positive_data_acceptance "
        f"-H 'Authorization: Bearer {conformance.demo.operator_key()}' {conformance.demo.url}/graphql"
    )

    assert "generated" in said


async def test_a_server_that_ends_tells_every_client(demo: DemoService) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    logged = demo.log.stat().st_size
    server = demo.start("serve", "--port", str(port))
    other = DemoService(demo.data_dir, port)
    try:
        assert await asyncio.to_thread(eventually, other.is_ready, seconds=120)
        following = [asyncio.Event() for _ in range(SOCKETS)]
        async with asyncio.TaskGroup() as clients:
            codes = [clients.create_task(close_code(port, one)) for one in following]
            for one in following:
                await one.wait()
            server.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.wait, timeout=60) == 0
    finally:
        server.kill()
        server.communicate()

    assert {code.result() for code in codes} == {1012}
    assert "Traceback" not in demo.log.read_text()[logged:]


async def close_code(port: int, follows: asyncio.Event) -> int | None:
    """Subscribe, say so once the first event has come, and wait for the end."""
    async with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=["graphql-transport-ws"]) as client:  # type: ignore[list-item]
        await client.send(json.dumps({"type": "connection_init"}))
        await client.recv()
        await client.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": LIVE}}))
        try:
            while True:
                await client.recv()
                follows.set()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

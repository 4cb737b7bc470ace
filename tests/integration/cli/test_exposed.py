"""A server that others reach through a proxy: what it lets whom do, over real sockets and a real Redis."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from command_line import Candlewick, lines_until

SETTINGS = """
[access]
trusted_proxies = "127.0.0.1"
requests_per_address = 4
origins = "https://app.example.org"
"""
QUERY = {"query": "{ service { version } }"}
SOCKET = [Subprotocol("graphql-transport-ws")]


@pytest.fixture
def exposed(candlewick: Candlewick, port: int) -> Iterator[str]:
    """Where it is served."""
    (candlewick.data_dir / "candlewick.toml").write_text(SETTINGS)
    process = candlewick.start("up", "--port", str(port))
    try:
        said = lines_until(process, "ready:")
        assert said[-1].startswith("ready:"), (said, candlewick.log.read_text())
        yield f"127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def test_what_others_reach_is_guarded(candlewick: Candlewick, exposed: str) -> None:
    made = json.loads(candlewick.run("keys", "create", "--role", "read", "--json").stdout)
    key = {"authorization": f"Bearer {made['key']}"}

    def post(address: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()} | {"x-forwarded-for": address}
        return httpx.post(f"http://{exposed}/graphql", json=QUERY, headers=named)

    assert post("192.0.2.1").status_code == 401
    answered = post("192.0.2.1", **key, x_forwarded_proto="https")
    assert answered.json()["data"]
    assert answered.headers["ratelimit-policy"] == '"address";q=4;w=60, "key";q=1200;w=60'
    assert answered.headers["strict-transport-security"]
    assert post("192.0.2.1", **key, origin="https://evil.example").status_code == 403
    allowed = post("192.0.2.1", **key, origin="https://app.example.org")
    assert allowed.headers["access-control-allow-origin"] == "https://app.example.org"
    assert [post("192.0.2.1", **key).status_code for _ in range(2)] == [200, 429]
    assert post("192.0.2.2", **key).status_code == 200

    with pytest.raises(InvalidStatus) as refusal:
        connect(f"ws://{exposed}/graphql", subprotocols=SOCKET, additional_headers={"x-forwarded-for": "192.0.2.1"})
    assert refusal.value.response.status_code == 429
    assert int(refusal.value.response.headers["retry-after"]) > 0
    with pytest.raises(InvalidStatus) as refusal:
        connect(f"ws://{exposed}/graphql", subprotocols=SOCKET, origin=Origin("https://evil.example"))
    assert refusal.value.response.status_code == 403

    browser = {"accept": "text/html", "x-forwarded-for": "192.0.2.3"}
    assert httpx.get(f"http://{exposed}/graphql", headers=browser).status_code == 404

    candlewick.run("keys", "revoke", made["prefix"])
    assert post("192.0.2.4", **key).status_code == 401

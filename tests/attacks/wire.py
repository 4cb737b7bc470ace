"""What is wrong before it is GraphQL: requests as bytes, and frames of websockets."""

from __future__ import annotations

import json
from collections.abc import Iterator

from attacks.sending import head

type Frames = tuple[str, list[str | bytes], bool]
"""A name, frames, and whether the session is begun before them."""

FINE = b'{"query": "{ __typename }"}'
POST = "POST /graphql HTTP/1.1"
HOSTS = (
    "evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1.nip.io",
    "localhost@evil.example", "evil.example#localhost", "evil.example/localhost", "", " ", "[::1", "::1]evil",
    "0x7f000001.evil", "xn--lcalhost-54a", "localhost,evil.example", "a" * 5_000, "localhost:8000:evil.example",
    "\u202elocalhost", "*",
)  # fmt: skip
"""Names under which a page of somebody else reaches us once they resolve to us (DNS rebinding), and other lies."""
CHUNKS = (b"zz\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n", b"5\r\nabcdefgh\r\n0\r\n\r\n", b"1;" + b"x" * 70_000)
PATHS = (
    "//graphql", "/graphql/", "/graphql/../metrics", "/%67raphql", "/graphql%00", "/static/../../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/pyproject.toml", "/static/..%5c..%5cx", "http://evil.example/graphql", "*",
    "/" + "a/" * 5_000,
    "/static/" + "%ff" * 100, "/.env", "/import/1", "/import/99999999999999999999", "/import/-1",
)  # fmt: skip
QUERIES = (
    "query=mutation{__typename}", "query=" + "%00" * 50, "query=%ff%fe", "query=%ED%A0%80", "query=&query=",
    "variables={}",
    "query={__typename}&variables=[", "query={__typename}&variables=" + "[" * 20_000, "query={__typename}&extensions=5",
    "query={__typename}&operationName=x", "&".join(f"a{n}=1" for n in range(5_000)),
)  # fmt: skip
LENGTHS = ("-1", "1e3", "0x10", "9" * 30, "5, 6", "", "+5", "abc", "٥")
CODINGS = ("gzip", "chunked, chunked", "identity", "xchunked", "chunked, gzip")
METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "HEAD", "PROPFIND", "get", "X" * 500)


def _request(line: str, body: bytes = b"", /, **headers: str) -> bytes:
    given = {"host": "127.0.0.1", "connection": "close", "content-type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return head(line, given) + body


def foreign_hosts() -> Iterator[tuple[str, bytes]]:
    """Requests that are to be refused for the host they name, by every way in."""
    length = str(len(FINE))
    for host in HOSTS:
        yield f"POST to {host[:30]!r}", _request(POST, FINE, host=host, content_length=length)
        yield f"GET of {host[:30]!r}", _request("GET /graphql?query={__typename} HTTP/1.1", host=host)
        upgrade = {
            "connection": "Upgrade", "upgrade": "websocket", "sec_websocket_version": "13", "origin": f"http://{host}",
            "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ==", "sec_websocket_protocol": "graphql-transport-ws",
        }  # fmt: skip
        yield f"websocket to {host[:30]!r}", _request("GET /graphql HTTP/1.1", host=host, **upgrade)


def broken_requests() -> Iterator[tuple[str, bytes]]:
    """Requests that are none, or that say two things."""
    length = str(len(FINE))
    yield "no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n"
    yield "a line", b"GET\r\n\r\n"
    yield "another protocol", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield "HTTP/0.9", b"GET /graphql\r\n\r\n"
    yield "HTTP/9.9", _request("GET /graphql HTTP/9.9")
    yield "NULs", bytes(1_000) + b"\r\n\r\n"
    yield "a long line", _request(f"GET /graphql?query={'a' * 100_000} HTTP/1.1")
    yield "a long header", _request(POST, FINE, content_length=length, x_long="a" * 100_000)
    yield "2,000 headers", _request(POST, FINE, content_length=length, **{f"x-{n}": "a" * 20 for n in range(2_000)})
    yield "a folded header", b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\n folded: yes\r\nConnection: close\r\n\r\n"
    yield "a header without a name", b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\n: x\r\nConnection: close\r\n\r\n"
    yield "a header with a NUL", b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\x00b\r\nConnection: close\r\n\r\n"
    yield "no host", b"GET /graphql?query={__typename} HTTP/1.1\r\nConnection: close\r\n\r\n"
    yield "two hosts", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    yield "two lengths", _request(POST, FINE, content_length=length, Content_Length="3")
    yield "a length and chunks", _request(POST, b"0\r\n\r\n", content_length=length, transfer_encoding="chunked")
    large = b"2000\r\n" + b" " * 8192 + b"\r\n"
    yield "chunks beyond the bound", _request(POST, large * 11, transfer_encoding="chunked")
    yield from _varied(length)


def _varied(length: str) -> Iterator[tuple[str, bytes]]:
    for value in LENGTHS:
        yield f"content-length {value[:10]!r}", _request(POST, FINE, content_length=value)
    for number, body in enumerate(CHUNKS):
        yield f"chunks {number}", _request(POST, body, transfer_encoding="chunked")
    for coding in CODINGS:
        yield f"transfer-encoding {coding}", _request(POST, FINE, transfer_encoding=coding)
    for method in METHODS:
        yield f"method {method[:10]}", _request(f"{method} /graphql HTTP/1.1", FINE, content_length=length)
    for path in PATHS:
        yield f"path {path[:40]}", _request(f"GET {path} HTTP/1.1")
    for number, query in enumerate(QUERIES):
        yield f"query string {number}", _request(f"GET /graphql?{query} HTTP/1.1")


def unfinished_requests() -> Iterator[tuple[str, bytes]]:
    """Halves of requests: whoever waits for the rest waits for ever."""
    yield "nothing at all", b""
    yield "half a line", b"POST /gra"
    yield "half a header", b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-"
    yield "half a body", _request(POST, b'{"q', content_length="1000")
    yield "half a chunk", _request(POST, b"ff\r\n{", transfer_encoding="chunked")
    yield "a body that is waited to be asked for", _request(POST, content_length="1000", expect="100-continue")
    yield "half a body for another page", _request("POST /healthz HTTP/1.1", b"x", content_length="1000")


def _subscribe(**more: object) -> str:
    return json.dumps({"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}} | more)


def _init(**payload: object) -> str:
    return json.dumps({"type": "connection_init", "payload": payload})


TEXTS: tuple[str | bytes, ...] = (
    "", "null", "5", "[]", "{}", '"x"', "{", "\x00", "\ufeff{}", '{"type": null}', '{"type": 5}', '{"type": "next"}',
    '{"type": "start", "id": "1", "payload": {}}', '{"type": "connection_terminate"}',
    '{"type": "' + "x" * 10_000 + '"}',
    "[" * 60_000, '{"a":' * 10_000 + "1" + "}" * 10_000, "x" * 70_000, '{"type": "ping", "payload": 5}',
    '{"type": "pong", "payload": []}', b"", b"\x00\xff", b'{"type": "ping"}',
)  # fmt: skip
PAYLOADS: tuple[object, ...] = (
    None, 5, [], "x", {}, {"query": None}, {"query": 5}, {"query": ""}, [{"query": "{ __typename }"}],
    {"query": "{ __typename }", "variables": 5}, {"query": "{ __typename }", "operationName": 5},
)  # fmt: skip
INITS = (
    '{"type": "connection_init", "payload": 5}', '{"type": "connection_init", "payload": []}', _init(authorization={}),
    _init(authorization="Bearer \x00"), _init(authorization="Bearer " + "x" * 50_000), _init(apiKey="' OR 1=1 --"),
)  # fmt: skip
IDS: tuple[object, ...] = ("", 5, None, [], {}, "x" * 10_000)


def hostile_frames() -> Iterator[Frames]:
    """All of them end the socket, or are errors."""
    for begin in (True, False):
        said = "after" if begin else "before"
        for number, frame in enumerate(TEXTS):
            yield f"frame {number} {said} the session begins", [frame], begin
    for number, init in enumerate(INITS):
        yield f"init {number}", [init], False
    yield "a second init", [_init()], True
    yield "a subscription before the session begins", [_subscribe()], False
    for number, id_ in enumerate(IDS):
        yield f"id {number}", [_subscribe(id=id_)], True
    for number, payload in enumerate(PAYLOADS):
        yield f"payload {number}", [_subscribe(payload=payload)], True
    endless = {"query": 'subscription { quotes(instruments: ["test:BTC-USD"]) { __typename } }'}
    yield "the same id twice", [_subscribe(payload=endless)] * 2, True
    yield "5,001 messages", ['{"type": "pong"}'] * 5_001, True

"""What the log holds, and what it never holds."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from candlewick.settings import LogFormat, LogLevel
from candlewick.telemetry import configure_logging, current_trace_id, traced

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield io.StringIO()
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    configure_logging(LogLevel.INFO, LogFormat.JSON, stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_object_with_its_fields(lines: Lines) -> None:
    structlog.get_logger("candlewick.tests").info("trades_stored", source="binance", stored=3)

    (event,) = lines()
    assert event["event"] == "trades_stored"
    assert (event["source"], event["stored"], event["level"]) == ("binance", 3, "info")
    assert event["timestamp"].endswith("Z")


def test_events_below_the_level_are_left_out(lines: Lines) -> None:
    structlog.get_logger("candlewick.tests").debug("details")

    assert lines() == []


def test_a_library_writes_through_the_same_pipeline(lines: Lines) -> None:
    logging.getLogger("sqlalchemy.pool").warning("connection to %s lost", "postgresql://me:hunter2@db/candlewick")

    (event,) = lines()
    assert event["event"] == "connection to postgresql://me:***@db/candlewick lost"
    assert event["logger"] == "sqlalchemy.pool"


def test_what_happens_within_a_trace_carries_its_id(lines: Lines) -> None:
    with traced(job="settle") as trace_id:
        assert current_trace_id() == trace_id
        structlog.get_logger("candlewick.tests").info("inside")
        logging.getLogger("anything").warning("inside too")
    structlog.get_logger("candlewick.tests").info("outside")

    first, second, third = lines()
    assert first["trace_id"] == second["trace_id"] == trace_id
    assert first["job"] == "settle"
    assert "trace_id" not in third


def test_a_trace_id_from_outside_is_kept() -> None:
    with traced("abc") as trace_id:
        assert trace_id == current_trace_id() == "abc"


@pytest.mark.parametrize("name", ["password", "db_password", "token", "api_key", "key", "Authorization", "secret"])
def test_a_field_named_like_a_secret_is_hidden(lines: Lines, name: str) -> None:
    structlog.get_logger("candlewick.tests").info("called", **{name: "hunter2"})

    assert lines()[0][name] == "***"


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://candlewick:hunter2@localhost:5432/candlewick",
        "redis://:hunter2@localhost",
        "cwk_hunter2abcdef",
        ["cwk_hunter2abcdef"],
        {"headers": {"authorization": "Bearer hunter2hunter2"}},
        {"line": "Authorization: Bearer hunter2hunter2"},
        ("wss://host/graphql?token=hunter2",),
        b"redis://:hunter2@localhost",
        ValueError("postgresql://me:hunter2@localhost"),
    ],
)
def test_a_secret_within_a_value_is_hidden(stream: io.StringIO, lines: Lines, value: object) -> None:
    structlog.get_logger("candlewick.tests").warning("called", value=value)

    assert lines()
    assert "hunter2" not in stream.getvalue()


@pytest.mark.parametrize("style", list(LogFormat))
def test_a_traceback_tells_no_secret(stream: io.StringIO, style: LogFormat) -> None:
    configure_logging(LogLevel.INFO, style, stream)
    try:
        raise ConnectionError("postgresql://me:hunter2@localhost refused")
    except ConnectionError:
        structlog.get_logger("candlewick.tests").exception("failed")

    assert "ConnectionError" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_the_access_log_has_fields_and_no_query_string(lines: Lines) -> None:
    line = ("127.0.0.1:5000", "GET", "/graphql?query=%7Bservice%7D&variables=hunter2", "1.1", 200)
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', *line)

    (event,) = lines()
    assert event["event"] == "http_request"
    assert (event["method"], event["path"], event["status"]) == ("GET", "/graphql", 200)
    assert "hunter2" not in json.dumps(event)


def test_the_access_log_is_what_the_pipeline_would_write(stream: io.StringIO, lines: Lines) -> None:
    line = ("127.0.0.1:5000", "GET", "/%s?x=1", "1.1", 200)
    access = logging.getLogger("uvicorn.access")
    with traced("a1"):
        access.info('%s - "%s %s HTTP/%s" %d', *line)
        access.info('%s - "%s %s HTTP/%s" %d', *line, stack_info=True)

    direct, piped = lines()
    assert piped.pop("stack")
    assert direct.pop("timestamp")[-1] == piped.pop("timestamp")[-1] == "Z"
    assert direct == piped
    assert direct["trace_id"] == "a1"


def test_the_access_log_tells_no_secret(stream: io.StringIO, lines: Lines) -> None:
    for target in ("/cwk_hunter2", "//me:hunter2@x/"):
        logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "x:1", "cwk_hunter2", target, "1.1", 404)

    assert len(lines()) == 2
    assert "hunter2" not in stream.getvalue()


def test_a_person_gets_lines_to_read(stream: io.StringIO) -> None:
    configure_logging(LogLevel.INFO, LogFormat.CONSOLE, stream)
    structlog.get_logger("candlewick.tests").info("server_started", port=8000)

    assert "server_started" in stream.getvalue()
    assert "port=8000" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_without_a_terminal_events_are_json_by_default(stream: io.StringIO) -> None:
    configure_logging(LogLevel.INFO, None, stream)
    structlog.get_logger("candlewick.tests").info("server_started")

    assert json.loads(stream.getvalue())["event"] == "server_started"

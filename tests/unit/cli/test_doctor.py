"""What the doctor says, and the exit code that goes with it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from candlewick.cli.doctor.access import look_at_access
from candlewick.cli.doctor.findings import Finding, Severity, advice, failure, fine, warning, worst
from candlewick.cli.doctor.machine import look_at_folder, look_at_port
from candlewick.cli.exit_codes import ExitCode
from candlewick.settings import HttpSettings, load_settings

Call = Callable[..., Result]


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([fine("a", "b")], ExitCode.OK),
        ([fine("a", "b"), advice("a", "b", "c")], ExitCode.OK),
        ([advice("a", "b", "c"), warning("a", "b", "c")], ExitCode.FAILED),
        ([failure("a", "b", "c"), warning("a", "b", "c")], ExitCode.UNAVAILABLE),
    ],
)
def test_the_worst_finding_decides_the_exit_code(findings: list[Finding], code: ExitCode) -> None:
    assert worst(findings) is code


def test_a_folder_that_can_be_written_is_fine(folder: Path) -> None:
    found = look_at_folder(folder / "new")

    assert found.severity in (Severity.OK, Severity.WARNING)  # a full disk is worth a warning
    assert "can be written" in found.message


def test_a_folder_that_cannot_be_made_is_a_failure(folder: Path) -> None:
    (folder / "file").touch()
    found = look_at_folder(folder / "file" / "new")

    assert found.severity is Severity.FAILURE
    assert found.advice is not None


def test_services_that_are_away_are_failures_with_advice(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDLEWICK_DATABASE__URL", "postgresql://me:hunter2@127.0.0.1:1/nowhere")
    monkeypatch.setenv("CANDLEWICK_REDIS__URL", "redis://:hunter2@127.0.0.1:1")
    result = call("doctor", "--json")

    found = {finding["check"]: finding for finding in json.loads(result.stdout)}
    assert result.exit_code == 3
    assert found["database"]["severity"] == found["redis"]["severity"] == "failure"
    assert "CANDLEWICK_DATABASE__URL" in found["database"]["advice"]
    assert "hunter2" not in result.stdout


def test_a_free_port_is_fine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert look_at_port(HttpSettings(port=port)).severity is Severity.OK


def test_a_taken_port_is_a_failure_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = look_at_port(HttpSettings(port=port))

    assert found.severity is Severity.FAILURE
    assert str(port) in found.message


def test_a_data_folder_that_cannot_be_made_is_a_finding(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "file").touch()
    monkeypatch.setenv("CANDLEWICK_DATA_DIR", str(folder / "file" / "data"))
    result = call("doctor", "--json")

    assert result.exit_code == 3
    failed = {found["check"] for found in json.loads(result.stdout) if found["severity"] == "failure"}
    assert failed == {"data folder", "private services"}


@pytest.mark.parametrize(
    ("http", "access", "severity", "said"),
    [
        ({}, {}, Severity.OK, "this machine alone reaches the server, and reads without a key"),
        ({"host": "192.0.2.1"}, {}, Severity.OK, "read with a key"),
        ({"host": "192.0.2.1", "anonymous": True}, {}, Severity.WARNING, "made to resolve to it"),
        ({"host": "192.0.2.1", "anonymous": True, "hosts": "a.example"}, {}, Severity.OK, "read without a key"),
        ({}, {"trusted_proxies": "127.0.0.1", "requests_per_address": 0}, Severity.ADVICE, "as often as they like"),
        ({"hosts": "a.example"}, {"origins": "*"}, Severity.ADVICE, "pages of any origin"),
    ],
)
def test_who_may_read_is_said(
    http: dict[str, object], access: dict[str, object], severity: Severity, said: str
) -> None:
    found = look_at_access(load_settings(http=http, access=access))
    assert found.severity is severity
    assert said in found.message

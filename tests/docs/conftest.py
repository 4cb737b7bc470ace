"""One service for all examples of the pages."""

from __future__ import annotations

import shutil
import signal
import socket
from collections.abc import Iterator

import pytest

from command_line import PATIENCE
from documented_service import DocumentedService
from embedded_services import eventually, everything_stopped, new_data_dir
from recordings import recording

SAMPLES = "binance/archive_derived/data/spot/daily/trades/BTCUSDT"
NAMES = ("BTCUSDT-trades-2024-08-08.zip", "BTCUSDT-trades-2024-08-09.zip")


@pytest.fixture(scope="session")
def service() -> Iterator[DocumentedService]:
    """A server, ready and empty; the reader's folder holds the sample files."""
    samples = [recording(f"{SAMPLES}/{name}{end}") for name in NAMES for end in ("", ".CHECKSUM")]
    if shutil.which("curl") is None:
        pytest.skip("the pages use curl, and this machine has none")
    running = DocumentedService(new_data_dir("candlewick-docs-"), _free_port())
    running.prepare(samples)
    process = running.start("serve")
    try:
        assert eventually(lambda: process.poll() is not None or running.is_ready(), seconds=PATIENCE)
        assert process.poll() is None, running.log.read_text()
        worker = running.start("worker", "--only", "indicators")
        try:
            yield running
        finally:
            worker.send_signal(signal.SIGINT)
            worker.communicate(timeout=60)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        stopped = eventually(lambda: everything_stopped(running.data_dir), seconds=60)
        shutil.rmtree(running.data_dir, ignore_errors=True)
    assert stopped, "private services outlived the commands that used them"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
    return number

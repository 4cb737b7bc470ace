"""A browser without a window, spoken to over its DevTools protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
OPTIONS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--window-size=1440,900",
    "about:blank",
)
PATIENCE: Final = 60


def program() -> str | None:
    """The browser of this machine."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@dataclass
class Page:
    """A page that is open."""

    socket: ClientConnection
    complaints: list[str] = field(default_factory=list)
    """What went wrong in it, as its console says."""
    requests: list[str] = field(default_factory=list)
    """Addresses that it asked."""
    _numbers: Iterator[int] = field(default_factory=count)

    def visit(self, url: str) -> None:
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """What the expression comes to; a promise is waited for."""
        answer = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, (expression, answer)
        return answer["result"].get("value")

    def screenshot(self, path: Path) -> None:
        path.write_bytes(b64decode(self._call("Page.captureScreenshot")["data"]))

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(timeout=PATIENCE))
            if message.get("id") == number:
                assert "error" not in message, (method, message)
                result: dict[str, Any] = message["result"]
                return result
            self._hear(message.get("method"), message.get("params", {}))

    def _hear(self, event: str | None, told: dict[str, Any]) -> None:
        match event:
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(told["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(told["exceptionDetails"]))
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.complaints.append(told["entry"]["text"])


@contextmanager
def opened(browser: str) -> Iterator[Page]:
    """A page of a browser that was never used."""
    with tempfile.TemporaryDirectory(prefix="candlewick-browser-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [browser, f"--user-data-dir={folder}", *OPTIONS],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        try:
            with connect(_page_of(process), max_size=None) as socket:
                yield Page(socket)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def _page_of(process: subprocess.Popen[str]) -> str:
    """Where its first page can be spoken to."""
    assert process.stderr is not None
    for line in process.stderr:
        if "DevTools listening on " in line:
            with connect(line.rpartition(" ")[2].strip()) as socket:
                socket.send(json.dumps({"id": 0, "method": "Target.getTargets"}))
                targets = json.loads(socket.recv(timeout=PATIENCE))["result"]["targetInfos"]
            (page,) = [target["targetId"] for target in targets if target["type"] == "page"]
            return line.rpartition(" ")[2].strip().partition("/devtools/")[0] + f"/devtools/page/{page}"
    raise AssertionError("the browser ended before it was ready")

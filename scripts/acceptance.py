#!/usr/bin/env python3
"""Run the acceptance suites against a server that this starts, and say which of them pass.

.venv/bin/python scripts/acceptance.py --suites FOLDER             all of them
.venv/bin/python scripts/acceptance.py --suites FOLDER --only http-audit --only ws-protocol
.venv/bin/python scripts/acceptance.py --suites FOLDER --fuzz-seconds 1800    a long run of schemathesis

The suites are not part of the repository: their folder is copied to a cache, where their npm packages are installed.
What cannot be run is said and counts as a failure.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

from candlewick.cli.listening import free_port
from candlewick.embedded.installation import cache_dir

ROOT: Final = Path(__file__).parents[1]
PROGRAMS: Final = Path(sys.executable).parent
KEYS: Final = ", ".join(f'"demo:{code}-USD"' for code in ("ACME", "BTC", "ETH", "EUR", "XAU"))
LIVE: Final = (
    f"subscription {{ candles(instruments: [{KEYS}], spec: {{interval: M1}}) "
    "{ __typename ... on CandleUpdate { cursor } ... on CandleSnapshot { cursor } } }"
)
"""Several events at once, then more for ever."""
SHOULD_MISSED: Final = 1
"""How many of what graphql-transport-ws only recommends may be missing."""
SOCKETS: Final = 50
HALF_SENT: Final = 300
HELD_SECONDS: Final = 20
HALF_BODY: Final = (
    b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    b'{"query'
)


class NotRun(Exception):
    """The suite cannot be run on this machine."""


class Failed(Exception):
    """The suite ran, and says no."""


@dataclass(frozen=True)
class Server:
    """A server of its own over the demo's data, so that it can be hurt."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1)


@dataclass(frozen=True)
class Run:
    """What every suite is run with."""

    suites: Path | None
    folder: Path
    environment: Mapping[str, str]
    key: Callable[[], str]
    fuzz_seconds: int
    starting: Callable[[], Server]

    def suite(self, *path: str) -> Path:
        if self.suites is None:
            raise NotRun("the folder of the suites is not there")
        if not (found := self.suites.joinpath(*path)).exists():
            raise NotRun(f"the suites have no {'/'.join(path)}")
        return found

    def node(self, *arguments: str) -> str:
        """What a program of the suites' npm packages says."""
        if shutil.which("node") is None:
            raise NotRun("this machine has no node")
        return self.output(arguments, cwd=self.suite("node_modules").parent)

    def output(self, command: Sequence[str], *, cwd: Path = ROOT, fails: bool = True, **environment: str) -> str:
        done = subprocess.run(
            command, cwd=cwd, env={**self.environment, **environment}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        print(done.stdout.rstrip())
        if fails and done.returncode:
            raise Failed(f"exit code {done.returncode}")
        return done.stdout


def http_audit(run: Run) -> str:
    """GraphQL over HTTP."""
    server = run.starting()
    said = run.node("node", str(run.suite("http-audit", "audit.mjs")), server.url)
    counted = json.loads(said.strip().splitlines()[-1])
    if counted["ok"] != counted["total"]:
        raise Failed(f"{counted['ok']} of {counted['total']}")
    return f"{counted['ok']} of {counted['total']}"


def ws_protocol(run: Run) -> str:
    """graphql-transport-ws."""
    server = run.starting()
    finished = ended_job(server, run.key())
    said = run.node(
        "node", str(run.suite("ws-protocol", "audit.mjs")), server.socket_url, "--init-timeout-s", "4",
        "--sub", f'subscription{{job(id:"{finished}"){{status}}}}', "--long", LIVE,
    )  # fmt: skip
    counted = json.loads(said.strip().splitlines()[-1])
    good, all_of_it = map(int, counted["should"].split("/"))
    if all_of_it - good > SHOULD_MISSED:
        raise Failed(f"MUST {counted['must']}, SHOULD {counted['should']}")
    return f"MUST {counted['must']}, SHOULD {counted['should']}"


def ended_job(server: Server, key: str) -> str:
    """The id of a job that is over: a subscription to it completes."""
    query = "{jobs(first:1,filter:{status:SUCCEEDED}){nodes{id}}}"
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    with urlopen(Request(server.url, json.dumps({"query": query}).encode(), headers), timeout=30) as answer:  # noqa: S310
        (job,) = json.loads(answer.read())["data"]["jobs"]["nodes"]
    identity: str = job["id"]
    return identity


def schema_lint(run: Run) -> str:
    """@graphql-eslint's rules."""
    folder = run.suite("schema-lint")
    shutil.copyfile(ROOT / "schema.graphql", folder / "schema.graphql")
    eslint = str(run.suite("node_modules", ".bin", "eslint"))
    run.output([eslint, "schema.graphql"], cwd=folder, SDL="./schema.graphql")
    return "0 findings"


def schema_changes(run: Run) -> str:
    """graphql-inspector, against the schema of the last release."""
    inspector = str(run.suite("node_modules", ".bin", "graphql-inspector"))
    names = ("docs/reference/released.graphql", "schema.graphql")
    for name in names:
        shutil.copyfile(ROOT / name, run.folder / Path(name).name)
    said = run.output([inspector, "diff", "released.graphql", "schema.graphql"], cwd=run.folder, fails=False)
    broken = len(re.findall(r"^✖", said, re.MULTILINE))
    if broken and "### Breaking" not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        raise Failed(f"{broken} breaking changes that the changelog does not tell")
    run.output([sys.executable, str(ROOT / "scripts" / "schema_changes.py")])
    return f"{broken} breaking changes, told" if broken else "no breaking change"


def clients(run: Run) -> str:
    """The example clients and the explorer's tabs."""
    said = run.output([sys.executable, "-m", "pytest", "-q", "tests/clients", "-p", "no:cacheprovider"])
    summary = said.strip().splitlines()[-1]
    if "skipped" in summary:
        raise NotRun(summary)
    return summary


def schemathesis(run: Run) -> str:
    """Requests made from the schema, half of them hostile.

    One check is left out: it holds that whatever the types admit is accepted. GraphQL's types cannot say "1 to 500" or
    "venue:BASE-QUOTE": such values are refused, and how is what the other checks look at.
    """
    server = run.starting()
    arguments = (
        "sh", str(run.suite("schemathesis", "run.sh")), server.url, str(run.fuzz_seconds),
        "-H", f"Authorization: Bearer {run.key()}", "--exclude-checks", "positive_data_acceptance",
    )  # fmt: skip
    said = run.output(arguments, ST=str(PROGRAMS / "schemathesis"), N=os.environ.get("N", "2000"))
    cases = re.search(r"(\d[\d,]*) generated", said)
    return f"{cases[1] if cases else 'an unknown number of'} cases, no failure"


def slowloris(run: Run) -> str:
    """Requests that are begun and never finished.

    The suite counts a connection as held that was answered and closed and whose answer nobody has read yet. So of half
    bodies, which are answered with 408, it is looked whether the connection ends behind the answer.
    """
    server = run.starting()
    script = str(run.suite("faults", "slowloris.py"))
    said = run.output([sys.executable, script, "127.0.0.1", str(server.port), str(HALF_SENT), str(HELD_SECONDS)])
    heads = int(re.findall(r"half header: .* still holds (\d+)/", said)[0])
    bodies = open_after(HELD_SECONDS, server.port, HALF_BODY)
    if heads or bodies or said.count("answers in") != 2:
        raise Failed(f"still open: {heads} with half a head, {bodies} with half a body")
    return f"none of {HALF_SENT} open after {HELD_SECONDS} s, with half a head or half a body"


def open_after(seconds: float, port: int, sent: bytes) -> int:
    """How many connections that sent this the server still keeps open, whatever it answered."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(HALF_SENT)]
    try:
        for each in sockets:
            each.sendall(sent)
        time.sleep(seconds)
        return sum(not is_over(each) for each in sockets)
    finally:
        for each in sockets:
            each.close()


def is_over(connection: socket.socket) -> bool:
    """Whether it ends behind what has arrived."""
    connection.settimeout(0)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def sigterm(run: Run) -> str:
    """A server that is told to end while clients follow."""
    server = run.starting()
    script = str(run.suite("faults", "sigterm_ws.py"))
    said = run.output([sys.executable, script, server.socket_url, str(server.process.pid), LIVE, str(SOCKETS)])
    seconds = float(re.findall(r"exit after ([\d.]+) s", said)[0])
    told = re.findall(r"\((\w+), '(\w+)'\): (\d+)", said)
    in_time = sum(int(number) for code, last, number in told if code in {"1001", "1012"} or last == "complete")
    if seconds >= 10 or in_time != SOCKETS or b"Traceback" in server.log.read_bytes():
        raise Failed(f"gone after {seconds} s, {in_time} of {SOCKETS} told; log: {server.log}")
    return f"gone after {seconds} s, {in_time} of {SOCKETS} told, no traceback"


SUITES: Final[Mapping[str, Callable[[Run], str]]] = {
    "schema-lint": schema_lint,
    "schema-changes": schema_changes,
    "http-audit": http_audit,
    "ws-protocol": ws_protocol,
    "slowloris": slowloris,
    "sigterm": sigterm,
    "schemathesis": schemathesis,
    "clients": clients,
}


def copied(suites: Path) -> Path | None:
    """The suites with their packages, in a folder that is kept; None if there are none."""
    if not (suites / "package.json").is_file():
        print(
            f"acceptance: there are no suites at {suites}: name their folder with ACCEPTANCE_SUITES=…", file=sys.stderr
        )
        return None
    digest = hashlib.sha256((suites / "package.json").read_bytes()).hexdigest()[:16]
    kept = cache_dir() / "acceptance" / digest
    shutil.copytree(suites, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(["chmod", "-R", "u+w", kept], check=True)
    if not (kept / "node_modules").is_dir() and shutil.which("npm"):
        install = ["npm", "install", "--no-audit", "--no-fund", "--loglevel", "error"]
        subprocess.run(install, cwd=kept, env={**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}, check=True)
    return kept


@contextmanager
def running(suites: Path | None, fuzz_seconds: int) -> Iterator[Run]:
    """With a demo market as soon as a suite wants a server, which then serves it."""
    with tempfile.TemporaryDirectory(prefix="candlewick-acceptance-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CANDLEWICK_")}
        environment = inherited | {"CANDLEWICK_DATA_DIR": str(folder)}
        started: list[subprocess.Popen[bytes]] = []

        def candlewick(*arguments: str, log: Path) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "candlewick", *arguments]
            with log.open("ab") as output:
                started.append(subprocess.Popen(command, env=environment, stdout=output, stderr=output))
            return started[-1]

        @cache
        def market() -> None:
            log = folder / "demo.log"
            demo = candlewick("demo", "--port", str(free_port()), "--days", "0.1", log=log)
            wait_for(lambda: b"ready: http" in log.read_bytes(), demo, log)

        @cache
        def key() -> str:
            make = [sys.executable, "-m", "candlewick", "keys", "create", "--role", "operator", "--name", "acceptance"]
            return subprocess.run(make, env=environment, capture_output=True, text=True, check=True).stdout.strip()

        def starting() -> Server:
            market()
            port, log = free_port(), folder / f"serve-{len(started)}.log"
            server = Server(port, candlewick("serve", "--port", str(port), log=log), log)
            wait_for(lambda: is_ready(port), server.process, log)
            return server

        try:
            yield Run(suites, folder, environment, key, fuzz_seconds, starting)
        finally:
            for process in reversed(started):
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                process.wait(timeout=60)


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it did; raises Failed if the process ends before, or it takes too long."""
    deadline = time.monotonic() + 180
    while not happened():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failed(f"it did not start: {log.read_text(encoding='utf-8')[-2000:]}")
        time.sleep(0.2)


def is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except OSError:
        return False


def verdict(suite: str, run: Run) -> tuple[str, str]:
    """Whether it passed, and in how many words."""
    print(f"\n== {suite}", flush=True)
    try:
        return "passed", SUITES[suite](run)
    except NotRun as reason:
        return "NOT RUN", str(reason)
    except Failed as reason:
        return "FAILED", str(reason)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--suites", type=Path, required=True, help="the folder of the suites")
    parser.add_argument("--only", action="append", choices=list(SUITES), help="this suite; again for more")
    parser.add_argument("--fuzz-seconds", type=int, default=120, help="how long schemathesis may take")
    given = parser.parse_args()
    chosen = given.only or list(SUITES)
    with running(copied(given.suites.resolve()), given.fuzz_seconds) as run:
        verdicts = {suite: verdict(suite, run) for suite in chosen}
    print("\n== acceptance")
    for suite, (word, detail) in verdicts.items():
        print(f"{suite:16} {word:8} {detail}")
    return 0 if all(word == "passed" for word, _ in verdicts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

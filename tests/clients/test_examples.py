"""The example clients: generated from the schema, checked, and run against a live server as their pages say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from clients.cutting import cutting
from clients.demo import DemoService
from clients.example import Example, copied, missing

pytestmark = pytest.mark.timeout(900)  # packages may have to be installed first
KEY = "demo:BTC-USD"


def typescript(folder: Path, demo: DemoService) -> Example:
    if reason := missing("node", "npm"):
        pytest.skip(reason)
    example = copied("typescript", folder, demo)
    example.install("package-lock.json", "node_modules", ["npm ci"])
    return example


def python(folder: Path, demo: DemoService) -> Example:
    example = copied("python", folder, demo)
    install = [
        "python3 -m venv .venv",
        ".venv/bin/pip install --quiet --requirement requirements.txt",
    ]
    example.install("requirements.txt", ".venv", install)
    return example


@pytest.fixture(scope="module", params=[typescript, python], ids=lambda make: make.__name__)
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, demo: DemoService) -> Example:
    """Each of them, generated as its page says."""
    make: Callable[[Path, DemoService], Example] = request.param
    made = make(tmp_path_factory.mktemp("clients"), demo)
    for command in generating(made):
        made.run(command)
    return made


def generating(example: Example) -> Iterator[str]:
    """The commands of the page that come before those that ask the server, without those that install."""
    for command in example.commands:
        if KEY in command:
            return
        if not command.startswith(("npm ci", "python3 -m venv", ".venv/bin/pip ")):
            yield command


def asking(example: Example, word: str) -> str:
    """The command of the page that runs the program of that name."""
    (command,) = [command for command in example.commands if KEY in command and word in command]
    return command


def test_candles_come_page_by_page_and_exact(example: Example) -> None:
    lines = [line.split() for line in example.run(asking(example, "candles")).splitlines()]

    candles = [line for line in lines if line[-1] in {"FINAL", "REVISED", "PROVISIONAL"}]
    assert 50 < len(candles) <= 60
    assert [Decimal(price) > 0 and Decimal(volume) > 0 for _, price, volume, _ in candles] == [True] * len(candles)
    for name, total in (line for line in lines if line[0] == "volume"):
        assert (name, Decimal(total)) == ("volume", sum(Decimal(volume) for _, _, volume, _ in candles))


def test_a_mutations_outcomes_are_told_apart(example: Example) -> None:
    (make_key,) = [command for command in example.commands if command.startswith("export API_KEY=")]
    command = asking(example, "backfill")

    assert "is QUEUED" in example.run(f"{make_key}\n{command}")
    assert "there is no instrument 'demo:NO-SUCH'" in example.run(
        command.replace(KEY, "demo:NO-SUCH"), key=example.demo.operator_key()
    )


def test_trades_go_on_after_every_cut_without_a_gap_or_a_duplicate(example: Example) -> None:
    command = asking(example, "follow")

    first = sequences(example.run(command))
    with cutting(example.demo.port) as wire:
        second = sequences(example.run(command, url=f"http://127.0.0.1:{wire.port}"))
    third = sequences(example.run(command))

    assert wire.cuts > 0
    assert min(len(first), len(second), len(third)) >= 5
    assert [*first, *second, *third] == [*range(first[0], third[-1] + 1)]


def sequences(output: str) -> list[int]:
    """Of the trades that were printed: the demo market numbers them without a gap."""
    return [int(line.split()[0]) for line in output.splitlines()]

"""A hundred thousand mutated bodies against one server: `python -m attacks.fuzz --bodies 100000 --seed 1`.

What a body did wrong is told with its number, and `Mutator.body` makes it again. The server must be alive in the end,
and its memory where it was after the first tenth.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from attacks.mutation import Mutator
from attacks.sending import Line, Outcome
from attacks.server import Target, target
from candlewick.graphql.schema import core, schema
from candlewick.storage.schema import migrate
from databases import create_database, drop_database, offered
from embedded_services import new_data_dir

AT_ONCE: Final = 6
MOST_TOLD: Final = 50
GROWTH: Final = 1.15
"""How much larger than after the first tenth the server's memory may be in the end."""


@dataclass
class Report:
    """What came of it."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    longest: float = 0
    memory: list[float] = field(default_factory=list)
    """MB, at each tenth."""

    def note(self, number: int, outcome: Outcome) -> None:
        self.statuses[outcome.status] += 1
        self.longest = max(self.longest, outcome.seconds)
        self.wrong += [f"body {number}: {line}" for line in outcome.wrong()]
        if outcome.status == 0:
            self.wrong.append(f"body {number}: no answer")


async def fuzz(server: Target, bodies: int, seed: int, *, aloud: bool = False) -> Report:
    """Send them all, half as a stranger and half with a key for anything."""
    report, mutator, start = Report(), Mutator.of(core(schema)), monotonic()
    numbers = iter(range(seed * 1_000_000, seed * 1_000_000 + bodies))
    sent = 0

    async def send_some(line: Line) -> None:
        nonlocal sent
        for number in numbers:
            report.note(number, await line.post(str(number), mutator.body(number)))
            sent += 1
            if sent % max(bodies // 10, 1) == 0:
                report.memory.append(server.resident_mb)
                if aloud:
                    told = f"{sent:,} sent, {monotonic() - start:.0f} s, {report.memory[-1]:.0f} MB"
                    print(told, dict(report.statuses), f"longest {report.longest:.2f} s", flush=True)

    lines = [Line(server.admin if each % 2 else server.anonymous) for each in range(AT_ONCE)]
    await asyncio.gather(*map(send_some, lines))
    for line in lines:
        line.close()
    report.wrong += server.mistakes()
    if not server.alive:
        report.wrong.append("the server is gone")
    return report


async def main(bodies: int, seed: int) -> int:
    """The long form, for people."""
    with ExitStack() as stack:
        offer = next(iter((await offered(stack)).values()))
        url = await create_database(offer)
        await migrate(url, timescaledb=offer.timescaledb)
        async with target(url, new_data_dir("candlewick-fuzz-")) as server:
            report = await fuzz(server, bodies, seed, aloud=True)
        await drop_database(offer, url)
    if report.memory[-1] > report.memory[0] * GROWTH:
        report.wrong.append(f"memory went from {report.memory[0]:.0f} to {report.memory[-1]:.0f} MB")
    for line in report.wrong[:MOST_TOLD]:
        print(f"WRONG {line}")
    print(f"{len(report.wrong)} wrong of {bodies:,}")
    return bool(report.wrong)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.bodies, given.seed)))

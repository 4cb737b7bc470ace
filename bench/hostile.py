"""The hostile corpus against the program itself: how long each refusal takes, and what becomes of the server.

Everything is sent one after the other, as an anonymous reader and with a key for anything, over HTTP and, where it can
be said there, over a websocket. Halves of requests are sent all at once and watched until the server ends them.

    python bench/hostile.py [--slowest 15] [--fewer 10]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from candlewick.graphql.schema import core, schema
from servers import (
    Outcome,
    Sender,
    Sent,
    Target,
    broken_requests,
    corpus,
    editions,
    foreign_hosts,
    fresh,
    hostile_frames,
    new_data_dir,
    subscribe,
    target,
    unfinished_requests,
)

HALVES = 300
"""Of each kind."""


PLAIN: Final = Sent("plain", b'{"query": "{ __typename }"}')
"""What any request costs here and now: sent between the others."""
EVERY: Final = 20


async def main(slowest: int, fewer: int) -> int:
    """Print all of it; 1 if the server did what it should not."""
    folder = new_data_dir("candlewick-hostile-")
    cases = [case for number, case in enumerate(corpus(core(schema))) if not case.generated or number % fewer == 0]
    async with editions() as offers, fresh(offers[0]) as (url, _), target(url, folder) as server:
        before = server.resident_mb
        wrong = [
            *await bodies(server, server.anonymous, "bodies, anonymous", slowest, cases),
            *await bodies(server, server.admin, "bodies, with a key", slowest, cases),
            *await messages(server.anonymous, "the same over websockets", slowest, cases),
            *await frames(server, slowest),
            *await heads(server.anonymous, slowest),
        ]
        await halves(server)
        alive = (
            await server.anonymous.raw(
                "alive", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
        ).status
        print(f"\nthe server answers {alive}; memory {before:.0f} MB before, {server.resident_mb:.0f} MB after")
        wrong += server.mistakes()
    for line in wrong[:50]:
        print(f"WRONG {line}")
    return bool(wrong)


async def bodies(server: Target, sender: Sender, title: str, slowest: int, cases: Sequence[Sent]) -> list[str]:
    outcomes, plain, busy = [], [], []
    for number, case in enumerate(cases):
        before = server.busy_seconds
        outcomes.append(await sender.post(case))
        busy.append(replace(outcomes[-1], seconds=server.busy_seconds - before))
        if number % EVERY == 0:
            plain.append(await sender.post(PLAIN))
    table("a plain request meanwhile", plain, 0)
    table(title, outcomes, slowest)
    table(f"{title}: processor time of the server", busy, slowest)
    return [line for case, outcome in zip(cases, outcomes, strict=True) for line in outcome.wrong(refused=case.refused)]


async def messages(sender: Sender, title: str, slowest: int, cases: Sequence[Sent]) -> list[str]:
    payloads = [(case.name, case.payload) for case in cases if case.payload and len(case.body) < 60_000]
    outcomes = [await sender.frames(name, subscribe(payload)) for name, payload in payloads if payload]
    table(title, outcomes, slowest)
    return [line for outcome in outcomes for line in outcome.wrong()]


async def frames(server: Target, slowest: int) -> list[str]:
    outcomes = [await server.anonymous.frames(name, sent, begin=begin) for name, sent, begin in hostile_frames()]
    table("frames", outcomes, slowest)
    return [line for outcome in outcomes for line in outcome.wrong()]


async def heads(sender: Sender, slowest: int) -> list[str]:
    hosts = [await sender.raw(name, data) for name, data in foreign_hosts()]
    broken = [await sender.raw(name, data) for name, data in broken_requests()]
    table("foreign hosts", hosts, slowest)
    table("broken requests", broken, slowest)
    wrong = [line for outcome in hosts for line in outcome.wrong(refused=True)]
    return wrong + [line for outcome in broken for line in outcome.wrong()]


async def halves(server: Target) -> None:
    """All at once: how long the last of them is held."""
    print(f"\n{'halves of requests':44} {'held for, s':>12}")
    for name, data in unfinished_requests():
        outcomes = await asyncio.gather(*(server.anonymous.raw(name, data) for _ in range(HALVES)))
        print(f"  {HALVES} × {name:40} {max(each.seconds for each in outcomes):8.1f}", flush=True)


def table(title: str, outcomes: Sequence[Outcome], slowest: int) -> None:
    times = sorted(each.seconds * 1000 for each in outcomes)
    cuts = statistics.quantiles(times, n=1000)
    late = sum(1 for each in times if each > 50)
    print(
        f"\n{title}: {len(times):,} sent; ms: median {cuts[499]:.1f}, p99 {cuts[989]:.1f}, p99.9 {cuts[998]:.1f}, "
        f"longest {times[-1]:.1f}; over 50 ms: {late}"
    )
    for each in sorted(outcomes, key=lambda each: -each.seconds)[:slowest]:
        print(f"  {each.seconds * 1000:8.1f}  {each.status or 'ws':>3}  {each.name[:90]}")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slowest", type=int, default=5, help="how many of each kind to name")
    parser.add_argument("--fewer", type=int, default=1, help="send one in so many of what is made from the schema")
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.slowest, given.fewer)))

"""The long form, for people: `python -m chaos --events 100 --seed 1`."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from chaos.run import Plan, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between events, on average")
    parser.add_argument("--live-rate", type=int, default=100, help="trades a second of each of five instruments")
    parser.add_argument("--past-rate", type=int, default=12, help="a day of these is a million")
    parser.add_argument("--folder", type=Path, help="keep logs and data there")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="candlewick-chaos-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    plan = Plan(given.events, given.seed, given.every, given.live_rate, given.past_rate)
    report = asyncio.run(run(plan, folder))
    print(f"events: {report.events}")
    print(f"trades stored: {report.trades:,}; told to the subscriber: {report.received:,}")
    print(f"settled {report.seconds_to_settle:.1f} s after the last event")
    print(f"logs: {folder / 'logs'}")
    for line in report.wrong:
        print("WRONG:", line)
    raise SystemExit(1 if report.wrong else 0)

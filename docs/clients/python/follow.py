"""Trades as they happen, each once, whatever breaks: python follow.py [KEY [HOW_MANY]]"""

import asyncio
import random
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from math import inf
from pathlib import Path

from candlewick_client import TradesTradesTradeBatch
from connection import client
from websockets.exceptions import ConnectionClosedError, InvalidStatus

CURSOR = Path("cursor.txt")
"""Keep it where your trades are, and write both in one transaction."""
FINAL = {4400, 4401, 4403}
"""Close codes after which the same would happen again: a bad message, no key, none with the right."""


async def trades(instruments: list[str], after: str | None) -> AsyncGenerator[TradesTradesTradeBatch]:
    """Batches of trades, each trade once: after a cut it goes on from the last batch that was taken."""
    failures = 0
    while True:
        try:
            async with aclosing(client().trades(instruments=instruments, after=after)) as events:
                async for event in events:
                    if isinstance(event.trades, TradesTradesTradeBatch):  # other events are not what we are here for
                        yield event.trades
                        after, failures = event.trades.cursor, 0
        except ConnectionClosedError as cut:
            if cut.rcvd is not None and cut.rcvd.code in FINAL:
                raise
        except InvalidStatus as refused:
            if refused.response.status_code < 500:
                raise
        except OSError:
            pass  # nobody listens there, for now
        await asyncio.sleep(min(30, 0.25 * 2**failures) * random.uniform(0.5, 1.5))  # not all clients at once
        failures += 1


def kept() -> str | None:
    return CURSOR.read_text() if CURSOR.exists() else None


def keep(cursor: str) -> None:
    new = CURSOR.with_suffix(".new")
    new.write_text(cursor)
    new.replace(CURSOR)


async def main(key: str = "demo:BTC-USD", wanted: str = "inf") -> None:
    left = inf if wanted == "inf" else int(wanted)
    async with aclosing(trades([key], kept())) as batches:
        async for batch in batches:
            for trade in batch.trades:
                print(trade.sequence, trade.ts.isoformat(), trade.price, trade.size, trade.side.value, flush=True)
            keep(batch.cursor)  # what was printed before this line is not sent again
            left -= len(batch.trades)
            if left <= 0:
                break


asyncio.run(main(*sys.argv[1:]))

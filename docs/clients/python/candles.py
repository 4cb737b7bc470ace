"""The minute candles of the last hour: python candles.py [KEY]"""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from candlewick_client import BarSpec, CandlesInstrumentCandlesNodes, Client, Interval, TimeRange
from connection import client


async def candles(
    api: Client, key: str, spec: BarSpec, span: TimeRange
) -> AsyncIterator[CandlesInstrumentCandlesNodes]:
    """All candles that open in the span, page by page."""
    after = None
    while True:
        answer = await api.candles(key=key, spec=spec, range_=span, after=after)
        if answer.instrument is None:
            raise LookupError(f"there is no instrument {key}")
        page = answer.instrument.candles
        for node in page.nodes:
            yield node
        if not page.page_info.has_next_page:
            return
        after = page.page_info.end_cursor


async def main(key: str) -> None:
    now = datetime.now(UTC)
    span = TimeRange(**{"from": now - timedelta(hours=1), "to": now})
    volume = Decimal(0)
    async with client() as api:
        async for candle in candles(api, key, BarSpec(interval=Interval.M1), span):
            print(candle.open_time.isoformat(), candle.close, candle.volume, candle.status.value)
            volume += candle.volume or 0  # Decimal: the sum is exact
    print("volume", volume)


asyncio.run(main(*sys.argv[1:] or ["demo:BTC-USD"]))

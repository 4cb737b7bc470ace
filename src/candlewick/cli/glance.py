"""What a machine has once it is fed: the newest closed candle of each instrument, with indicators."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from candlewick.cli.output import say, write_table
from candlewick.domain.candle import Candle
from candlewick.domain.errors import InvalidInput, ServiceError
from candlewick.domain.hours import TimeBar
from candlewick.domain.indicator_query import IndicatorChoice, IndicatorLine, IndicatorQuery
from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.page import CandleQuery
from candlewick.domain.time import EARLIEST, Window
from candlewick.indicators.catalogue import indicator
from candlewick.wiring import Services

log = structlog.get_logger(__name__)

_EVERY: Final = Interval.M1.duration
_CHOICES: Final = tuple(IndicatorChoice.of(indicator(name), {}) for name in ("rsi", "atr"))


async def show(services: Services, keys: Sequence[InstrumentKey]) -> None:
    """Print them. What a worker does not say in time has no number: it is in the log why."""
    known = await services.instruments.by_keys(keys)
    instruments = [known[key] for key in keys if key in known]
    closed = Window(EARLIEST, _EVERY.floor(services.clock.now()))
    pages = await services.candles.read([each.id for each in instruments], CandleQuery(_EVERY, 1, window=closed))
    said = await asyncio.gather(*(_indicators(services, each.id, closed) for each in instruments))
    rows = [
        (each.key, *_figures(candle), *indicators)
        for each, indicators in zip(instruments, said, strict=True)
        for candle in pages[each.id].rows
    ]
    if rows:
        say("The newest closed minutes:")
        names = (f"{choice.name} {choice.parameters[0][1]:g}" for choice in _CHOICES)
        write_table(("instrument", "opened", "open", "high", "low", "close", "volume", *names), rows)


def _figures(candle: Candle) -> Sequence[object]:
    return f"{candle.open_time:%H:%M}", candle.open, candle.high, candle.low, candle.close, candle.volume


async def _indicators(services: Services, instrument_id: InstrumentId, closed: Window) -> Sequence[str]:
    query = IndicatorQuery(instrument_id, TimeBar(_EVERY), _CHOICES, 1, closed)
    try:
        page = await services.indicators.page(query)
    except (InvalidInput, ServiceError) as error:
        log.info("indicators_not_shown", instrument=instrument_id, reason=str(error))
        return ["" for _ in _CHOICES]
    return [_newest(line) for line in page.lines]


def _newest(line: IndicatorLine) -> str:
    value = line.outputs[0][-1] if line.outputs[0] else None
    return "" if value is None else f"{value:.4g}"

"""Backtests as JSON and back: requests as jobs carry them, results as they are kept and written to files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from candlewick.domain.backtest import (
    AccountRules,
    AtEnd,
    Backtest,
    BacktestRequest,
    BacktestSummary,
    Direction,
    EquityPoint,
    Fill,
    FillAt,
    RoundTrip,
    Sizing,
    SizingKind,
    Statistics,
    StrategyChoice,
)
from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import Adjustment
from candlewick.domain.hours import TimeBar
from candlewick.domain.interval import Duration
from candlewick.domain.market import InstrumentKey
from candlewick.domain.time import Window

_EXACT = frozenset({"final_equity", "net_profit", "fees"})


def request_document(request: BacktestRequest) -> dict[str, Any]:
    """The request as JSON."""
    rules = request.rules
    return {
        "instruments": [str(key) for key in request.instruments],
        "every": str(request.bar.every),
        "timezone": request.bar.hours.timezone,
        "session": request.bar.hours.session,
        "window": [request.window.start.isoformat(), request.window.end.isoformat()],
        "strategy": request.strategy.name,
        "parameters": dict(request.strategy.parameters),
        "capital": format(rules.capital, "f"),
        "fee": format(rules.fee, "f"),
        "slippage": format(rules.slippage, "f"),
        "sizing": rules.sizing.kind.value,
        "amount": format(rules.sizing.amount, "f"),
        "direction": rules.direction.value,
        "fill": rules.fill.value,
        "at_end": rules.at_end.value,
        "lot": format(rules.lot, "f"),
        "origin": request.origin.value if request.origin else None,
        "adjustment": request.adjustment.value,
    }


def request_of(document: Mapping[str, Any]) -> BacktestRequest:
    """The request that `request_document` wrote."""
    start, end = map(datetime.fromisoformat, document["window"])
    return BacktestRequest(
        instruments=[InstrumentKey.parse(key) for key in document["instruments"]],
        bar=TimeBar.of(Duration.parse(document["every"]), document["timezone"], document["session"]),
        window=Window(start, end),
        strategy=StrategyChoice(document["strategy"], document["parameters"]),
        rules=AccountRules(
            capital=Decimal(document["capital"]),
            fee=Decimal(document["fee"]),
            slippage=Decimal(document["slippage"]),
            sizing=Sizing(SizingKind(document["sizing"]), Decimal(document["amount"])),
            direction=Direction(document["direction"]),
            fill=FillAt(document["fill"]),
            at_end=AtEnd(document["at_end"]),
            lot=Decimal(document["lot"]),
        ),
        origin=CandleOrigin(document["origin"]) if document["origin"] else None,
        adjustment=Adjustment(document["adjustment"]),
    )


def summary_document(summary: BacktestSummary) -> dict[str, Any]:
    """The summary as JSON. Floats survive it to the last bit, money is text."""
    return {
        "candles": summary.candles,
        "warm_up": summary.warm_up,
        "idle": summary.idle,
        "first": summary.first.isoformat(),
        "last": summary.last.isoformat(),
        "digest": summary.digest,
        "ruined_at": summary.ruined_at.isoformat() if summary.ruined_at else None,
        "pending": summary.pending,
        "parameters": dict(summary.parameters),
        "statistics": {each.name: _plain(getattr(summary.statistics, each.name)) for each in fields(Statistics)},
    }


def summary_of(document: Mapping[str, Any]) -> BacktestSummary:
    """The summary that `summary_document` wrote."""
    numbers: dict[str, Any] = {
        name: Decimal(value) if name in _EXACT else value for name, value in document["statistics"].items()
    }
    return BacktestSummary(
        candles=document["candles"],
        warm_up=document["warm_up"],
        idle=document["idle"],
        first=datetime.fromisoformat(document["first"]),
        last=datetime.fromisoformat(document["last"]),
        digest=document["digest"],
        statistics=Statistics(**numbers),
        ruined_at=datetime.fromisoformat(document["ruined_at"]) if document["ruined_at"] else None,
        pending=document["pending"],
        parameters=document["parameters"],
    )


def curve_document(points: Sequence[EquityPoint]) -> dict[str, list[Any]]:
    """The curve as columns."""
    return {
        "time": [point.time.isoformat() for point in points],
        **{name: [getattr(point, name) for point in points] for name in _CURVE},
    }


def curve_of_document(document: Mapping[str, Sequence[Any]]) -> list[EquityPoint]:
    """The curve that `curve_document` wrote."""
    times = map(datetime.fromisoformat, document["time"])
    return [EquityPoint(*row) for row in zip(times, *(document[name] for name in _CURVE), strict=True)]


def trade_document(trade: RoundTrip) -> dict[str, Any]:
    """A position as JSON."""
    return {
        "number": trade.number,
        "side": "LONG" if trade.long else "SHORT",
        "quantity": format(abs(trade.entry.quantity), "f"),
        "entry": _fill(trade.entry),
        "exit": _fill(trade.exit) if trade.exit else None,
        "reason": trade.reason.value if trade.reason else None,
        "profit": format(trade.profit, "f"),
        "gain": trade.gain,
        "candles": trade.candles,
    }


def _fill(fill: Fill) -> dict[str, Any]:
    return {
        "time": fill.time.isoformat(),
        "candle": fill.candle,
        "price": format(fill.price, "f"),
        "fee": format(fill.fee, "f"),
    }


def _plain(value: object) -> object:
    return format(value, "f") if isinstance(value, Decimal) else value


_CURVE = ("equity", "drawdown", "held", "price", "side")


def backtest_document(backtest: Backtest) -> dict[str, Any]:
    """A result as JSON, without its trades and its curve."""
    return {
        "backtest": backtest.id,
        "job": backtest.job_id,
        "created_at": backtest.created_at.isoformat(),
        "revision": backtest.revision,
        "engine": backtest.engine,
        "request": request_document(backtest.request),
        "summary": summary_document(backtest.summary),
    }


def told_document(backtest: Backtest, trades: Sequence[RoundTrip], equity: Sequence[EquityPoint]) -> dict[str, Any]:
    """All of it."""
    return {
        **backtest_document(backtest),
        "trades": [trade_document(trade) for trade in trades],
        "equity": curve_document(equity),
    }

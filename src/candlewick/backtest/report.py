"""A backtest as a page: one file that loads nothing, to be read in light and dark, by eye and by ear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Final

from candlewick.backtest.chart import Chart, Line, Mark
from candlewick.backtest.figures import FIGURES, count, money, part, shown
from candlewick.backtest.report_style import STYLE
from candlewick.backtest.strategies import STRATEGIES
from candlewick.domain.backtest import Backtest, EquityPoint, RoundTrip

MOST_MARKED: Final = 400
"""Positions that are drawn on the price."""
MOST_LISTED: Final = 200
"""Positions in the table."""
_SIGNS: Final = (("long", "▲", "Long from here"), ("short", "▼", "Short from here"), ("exit", "●", "Closed"))


@dataclass(frozen=True, slots=True)
class Told:
    """A backtest with what is told of it."""

    backtest: Backtest
    trades: Sequence[RoundTrip]
    equity: Sequence[EquityPoint]


def page(told: Sequence[Told]) -> str:
    """The page, of one backtest or of several."""
    title = " · ".join(dict.fromkeys(_heading(each.backtest) for each in told[:3]))
    body = "\n".join(_article(each, f"b{number}") for number, each in enumerate(told))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def _heading(backtest: Backtest) -> str:
    strategy = STRATEGIES.get(backtest.request.strategy.name)
    return f"{strategy.title if strategy else backtest.request.strategy.name} on {backtest.request.instruments[0]}"


def _moment(moment: datetime) -> str:
    """A day, or a minute within it."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment.hour or moment.minute else f"{moment:%Y-%m-%d}"


def _article(told: Told, key: str) -> str:
    backtest = told.backtest
    summary, request = backtest.summary, backtest.request
    parameters = ", ".join(f"{name} {value:g}" for name, value in summary.parameters.items()) or "no parameters"
    lead = (
        f"{summary.candles:,} candles of {request.bar}, "
        f"{_moment(summary.first)} to {_moment(summary.last)}; {parameters}."
    )
    parts = [
        f'<article aria-labelledby="{key}">',
        f'<h1 id="{key}">{escape(_heading(backtest))}</h1>',
        f"<p>{escape(lead)}</p>",
        *(f'<p class="note">{escape(each)}</p>' for each in _notes(backtest)),
        _outcome(backtest),
        *(_figure(chart) for chart in _charts(told, key)),
        _trades(told),
        _conditions(backtest),
        "</article>",
    ]
    return "\n".join(parts)


def _notes(backtest: Backtest) -> Iterable[str]:
    summary = backtest.summary
    if summary.ruined_at is not None:
        yield f"On {summary.ruined_at:%Y-%m-%d} nothing of the equity was left: nothing is traded after it."
    if summary.idle:
        yield f"For the first {summary.idle:,} candles indicators had too little history: nothing was decided there."
    if summary.pending:
        yield "The last candle's order was never filled: there is no candle after it."


def _outcome(backtest: Backtest) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{escape(figure.title)}</th><td>{shown(figure, backtest.summary.statistics)}</td>'
        f"<td>{escape(figure.of_holding(backtest.summary.statistics))}</td></tr>"
        for figure in FIGURES
    )
    return (
        '<section><h2>Outcome</h2>\n<div class="wide"><table>\n'
        "<caption>The strategy beside buying and holding</caption>\n"
        '<thead><tr><th scope="col">Figure</th><th scope="col">Strategy</th><th scope="col">Holding</th></tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div></section>"
    )


def _figure(chart: Chart) -> str:
    legend = "".join(f'<li><span class="key {line.kind}"></span>{escape(line.name)}</li>' for line in chart.lines)
    kinds = {mark.kind for mark in chart.marks}
    legend += "".join(
        f'<li><span class="sign {kind}" aria-hidden="true">{sign}</span>{said}</li>'
        for kind, sign, said in _SIGNS
        if kind in kinds
    )
    return (
        f'<figure><figcaption><h2>{escape(chart.title)}</h2><ul class="legend">{legend}</ul></figcaption>\n'
        f"{chart.svg()}\n</figure>"
    )


def _charts(told: Told, key: str) -> list[Chart]:
    points, times = told.equity, [point.time for point in told.equity]
    statistics = told.backtest.summary.statistics
    return [
        Chart(
            f"{key}-equity", "Equity",
            f"The account went from {money(told.backtest.request.rules.capital)} to {money(statistics.final_equity)}; "
            f"holding would have made {part(statistics.held_return)}.",
            times,
            [
                Line("Holding", "held", [point.held for point in points]),
                Line("Strategy", "equity", [point.equity for point in points]),
            ],
            _short,
        ),
        Chart(
            f"{key}-drawdown", "Drawdown",
            f"The deepest fall below a highest equity was {part(statistics.max_drawdown)}, the longest lasted "
            f"{statistics.longest_drawdown:,.0f} days.",
            times, [Line("Below the highest equity", "drawdown", [point.drawdown for point in points], filled=True)],
            part,
        ),
        Chart(
            f"{key}-trades", "Price and trades",
            f"{statistics.trades:,} positions were opened, {min(len(told.trades), MOST_MARKED):,} of them are marked. "
            "The table of trades has their figures.",
            times, [Line("Close", "price", [point.price for point in points])], _short, list(_marks(told.trades)),
        ),
    ]  # fmt: skip


def _marks(trades: Sequence[RoundTrip]) -> Iterable[Mark]:
    """Of all positions, or of as many as can be told apart, evenly taken."""
    step = -(-len(trades) // MOST_MARKED) or 1
    for trade in trades[::step]:
        side = "long" if trade.long else "short"
        said = f"{trade.number}: {side} at {_price(trade.entry.price)}, {trade.entry.time:%Y-%m-%d %H:%M}"
        yield Mark(side, trade.entry.time, float(trade.entry.price), said)
        if trade.exit is not None:
            said = f"{trade.number}: closed at {_price(trade.exit.price)}, {trade.exit.time:%Y-%m-%d %H:%M}"
            yield Mark("exit", trade.exit.time, float(trade.exit.price), said)


def _trades(told: Told) -> str:
    listed = told.trades[:MOST_LISTED]
    if not listed:
        return "<section><h2>Trades</h2><p>There were none.</p></section>"
    of = f"{count(told.backtest.summary.statistics.trades)} positions"
    caption = of if len(listed) == len(told.trades) else f"The first {len(listed)} of {of}"
    heads = ("No.", "Side", "Quantity", "Opened", "At", "Closed", "At", "Why", "Profit", "Gain", "Candles")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    rows = "\n".join(map(_row, listed))
    return (
        f'<section><h2>Trades</h2>\n<div class="wide list" role="region" aria-label="Trades" tabindex="0"><table>\n'
        f"<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div></section>"
    )


def _row(trade: RoundTrip) -> str:
    left = trade.exit
    cells = (
        "long" if trade.long else "short",
        f"{abs(trade.entry.quantity):f}",
        f"{trade.entry.time:%Y-%m-%d %H:%M}",
        _price(trade.entry.price),
        f"{left.time:%Y-%m-%d %H:%M}" if left else "open",
        _price(left.price) if left else "–",
        trade.reason.lower() if trade.reason else "–",
        money(trade.profit),
        part(trade.gain),
        f"{trade.candles:,}",
    )
    return f'<tr><th scope="row">{trade.number}</th>{"".join(f"<td>{each}</td>" for each in cells)}</tr>'


def _conditions(backtest: Backtest) -> str:
    request, rules = backtest.request, backtest.request.rules
    facts = (
        ("Strategy", request.strategy.name),
        ("Instrument", str(request.instruments[0])),
        ("Candles", f"{request.bar}, {request.origin or 'AUTO'}, adjusted for {request.adjustment}"),
        ("Capital", money(rules.capital)),
        ("Fee and slippage", f"{rules.fee:f} and {rules.slippage:f} of the value"),
        (
            "Position",
            f"{rules.sizing.kind.lower()} {rules.sizing.amount:f}, {rules.direction}, in lots of {rules.lot:f}",
        ),
        ("Filled", f"{rules.fill}; at the end {rules.at_end}"),
        ("Data revision", f"{backtest.revision:,}; candles {backtest.summary.digest[:16]}…"),
        ("Engine", str(backtest.engine)),
        ("Run", f"{backtest.created_at:%Y-%m-%d %H:%M:%S} UTC, backtest {backtest.id}"),
    )
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f"<section><h2>Conditions</h2><dl>{rows}</dl></section>"


def _price(price: Decimal) -> str:
    return f"{float(price):,.8g}"


def _short(value: float) -> str:
    """For an axis."""
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:,.4g}M"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"

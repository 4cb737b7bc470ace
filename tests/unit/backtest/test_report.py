"""The page of a backtest: one file that loads nothing, well formed, with everything on it named."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from candlewick.backtest.report import MOST_LISTED, MOST_MARKED, Told, page
from candlewick.backtest.running import run
from candlewick.domain.backtest import (
    AccountRules,
    Backtest,
    BacktestId,
    BacktestRequest,
    BacktestSummary,
    Direction,
    StrategyChoice,
)
from candlewick.domain.hours import TimeBar
from candlewick.domain.interval import Interval
from candlewick.domain.market import InstrumentId, InstrumentKey
from candlewick.domain.time import Window
from unit.backtest.days import tape_of, wandering
from unit.backtest.independent import Day

START = datetime(2024, 8, 8, tzinfo=UTC)
_VOID = {"meta", "br", "hr", "link", "img", "input"}


def told(count: int = 400, name: str = "sma_cross", key: str = "test:A-B", **parameters: float) -> Told:
    rules = AccountRules(direction=Direction.BOTH)
    choice = StrategyChoice(name, parameters or {"fast": 3, "slow": 9})
    result = run(wandering(count), 0, choice, rules)
    summary = {field: getattr(result, field) for field in BacktestSummary.__dataclass_fields__}
    window = Window(START, START + timedelta(days=1))
    request = BacktestRequest([InstrumentKey.parse(key)], TimeBar(Interval.M1.duration), window, choice, rules)
    kept = Backtest(BacktestId(3), None, InstrumentId(1), request, 17, 1, START, BacktestSummary(**summary))
    return Told(kept, result.trades, result.equity)


class Outline(HTMLParser):
    """Tags, whether they close in order, ids and what refers to them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.named_by: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in _VOID and not self.get_starttag_text().endswith("/>"):  # type: ignore[union-attr]
            self.open.append(tag)
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        self.named_by += str(given.get("aria-labelledby") or "").split()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(html: str) -> Outline:
    found = Outline()
    found.feed(html)
    assert found.open == []
    return found


def test_a_page_is_well_formed_and_everything_that_is_drawn_has_a_name() -> None:
    html = page([told(), told(key="test:C-D")])
    found = outline(html)
    assert len(found.ids) == len(set(found.ids))
    assert set(found.named_by) <= set(found.ids)
    assert found.tags.count("svg") == html.count('role="img"') == 6
    assert found.tags.count("h1") == found.tags.count("article") == 2
    assert found.tags.count("caption") == found.tags.count("table") == 4
    assert 'lang="en"' in html


def test_it_loads_nothing_and_runs_nothing() -> None:
    html = page([told()])
    assert not re.search(r"(src|href)=|url\(|@import|<script|https?://", html)
    assert "default-src 'none'" in html
    assert "light dark" in html


def test_it_says_the_figures_and_the_conditions() -> None:
    one = told()
    html = page([one])
    statistics = one.backtest.summary.statistics
    for text in (
        "Cross of two simple moving averages on test:A-B", f"{statistics.final_equity:,.2f}", "fast 3, slow 9",
        f"{statistics.max_drawdown:.2%}", f"{statistics.held_return:.2%}", "0.001 and 0.0005", "backtest 3",
        "17; candles",
        "nothing was decided there",
    ):  # fmt: skip
        assert text in html


def test_each_position_is_in_the_table_and_marked_on_the_price() -> None:
    one = told()
    html = page([one])
    count = len(one.trades)
    assert html.count('<th scope="row">') - 18 == count
    assert html.count('class="mark long"') + html.count('class="mark short"') == count
    assert html.count('class="mark exit"') == count


def test_many_positions_are_bounded_and_it_says_so() -> None:
    one = told(8000, "ema_cross", fast=1, slow=2)
    html = page([one])
    assert len(one.trades) > 2 * MOST_MARKED
    assert html.count("<tr>") - 20 == MOST_LISTED
    assert f"The first {MOST_LISTED} of {len(one.trades):,} positions" in html
    assert 0 < html.count('class="mark long"') + html.count('class="mark short"') <= MOST_MARKED
    assert len(html) < 1_000_000


def test_a_run_without_trades_or_with_ruin_has_a_page_too() -> None:
    flat = tape_of([Day(*[Decimal(5)] * 4)] * 60, list(range(0, 60 * 60_000_000, 60_000_000)), 60_000_000)
    result = run(flat, 0, StrategyChoice("sma_cross", {"fast": 3, "slow": 9}), AccountRules())
    one = told()
    summary = {field: getattr(result, field) for field in BacktestSummary.__dataclass_fields__}
    ruined = BacktestSummary(**summary | {"ruined_at": START, "pending": True})
    html = page([Told(replace(one.backtest, summary=ruined), result.trades, result.equity)])
    outline(html)
    assert "There were none." in html
    assert "nothing of the equity was left" in html
    assert "never filled" in html


@pytest.mark.parametrize("name", ["sma_cross", "gone_since"])
def test_names_are_escaped_and_a_strategy_may_be_gone(name: str) -> None:
    one = told(key="test:A-B")
    request = replace(one.backtest.request, strategy=StrategyChoice(name + "<b>", {}))
    html = page([replace(one, backtest=replace(one.backtest, request=request))])
    outline(html)
    assert f"{name}&lt;b&gt;" in html

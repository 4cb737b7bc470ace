"""The explorer in a browser: every tab that a newcomer finds runs, by its own button, and nothing outside is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from clients.browser import Page, opened, program
from clients.demo import DemoService
from embedded_services import eventually
from unit.web.test_pages import EXAMPLES, Example

pytestmark = pytest.mark.timeout(900)  # packages may have to be installed first
PATIENCE = 60
TABS = 'document.querySelectorAll(".graphiql-tab-button")'
EDITOR = 'document.querySelector(".graphiql-{} .CodeMirror").CodeMirror'
RUN = 'document.querySelector(".graphiql-execute-button").click()'


@pytest.fixture(scope="module")
def explorer(demo: DemoService) -> Iterator[Page]:
    """GraphiQL, opened by a link that carries an operator's key."""
    browser = program()
    if browser is None:
        pytest.skip("this machine has no Chromium: the explorer's tabs were NOT RUN in a browser")
    with opened(browser) as page:
        page.visit(f"{demo.url}/graphql#key={demo.operator_key()}")
        assert eventually(lambda: page.evaluate(f"{TABS}.length") == len(EXAMPLES), seconds=PATIENCE), page.complaints
        yield page


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
def test_a_tab_runs_as_it_is(explorer: Page, example: Example) -> None:
    explorer.evaluate(f"[...{TABS}].find((tab) => tab.textContent.trim() === {example.name!r}).click()")
    assert eventually(lambda: chosen(explorer) == example.name, seconds=PATIENCE)
    explorer.evaluate(RUN)
    assert eventually(lambda: "data" in answer(explorer), seconds=PATIENCE), (answer(explorer), explorer.complaints)
    told = answer(explorer)
    if example.is_live:
        explorer.evaluate(RUN)  # the same button stops it

    assert "errors" not in told
    assert [name for name, value in told["data"].items() if value is None] == []
    assert "Problem" not in str(told)
    assert [one["message"] for one in told["data"].values() if "message" in one] == []


def chosen(page: Page) -> object:
    """The operation that the button would run: GraphiQL finds it a moment after a tab was opened."""
    return page.evaluate(f"{EDITOR.format('query-editor')}.operationName")


def answer(page: Page) -> dict[str, Any]:
    """What the explorer shows as the answer; empty before there is one."""
    told: dict[str, Any] = json.loads(page.evaluate(f"{EDITOR.format('response')}.getValue()") or "{}")
    return told


def test_the_key_is_gone_from_the_address(explorer: Page) -> None:
    assert explorer.evaluate("window.location.hash") == ""
    assert "cwk_" not in explorer.evaluate("JSON.stringify(window.localStorage)")


def test_nothing_went_wrong_and_nobody_else_was_asked(explorer: Page, demo: DemoService) -> None:
    own = (f"{demo.url}/", f"{demo.url.replace('http', 'ws')}/", "data:", "about:", "blob:")

    assert explorer.complaints == []
    assert [address for address in explorer.requests if not address.startswith(own)] == []

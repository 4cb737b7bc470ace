"""The start page and GraphiQL. Scripts and styles lie in files of their own: the content policy allows no others."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

_FOLDER: Final = Path(__file__).parent / "static"
_ACTIONS: Final = re.compile(r'\s*<p class="actions">.*?</p>', re.DOTALL)


def start_page(*, explorer: bool = True) -> Response:
    """What this is, whether it is ready, and where to go from here: to the explorer, if there is one."""
    return _page("start.html") if explorer else _html(_ACTIONS.sub("", _text("start.html")))


def explorer() -> Response:
    """GraphiQL with example queries."""
    return _page("explorer.html")


def static_files() -> StaticFiles:
    """Everything the pages load. Revalidated by ETag, so that an upgrade is seen at once."""
    return StaticFiles(directory=_FOLDER)


def _page(name: str) -> Response:
    return _html(_text(name))


def _html(text: str) -> Response:
    return HTMLResponse(text, headers={"cache-control": "no-cache"})


@cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")

"""The start page and GraphiQL. Scripts and styles lie in files of their own: the content policy allows no others."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

_FOLDER: Final = Path(__file__).parent / "static"


def start_page() -> Response:
    """What this is, whether it is ready, and where to go from here."""
    return _page("start.html")


def explorer() -> Response:
    """GraphiQL with example queries."""
    return _page("explorer.html")


def static_files() -> StaticFiles:
    """Everything the pages load. Revalidated by ETag, so that an upgrade is seen at once."""
    return StaticFiles(directory=_FOLDER)


def _page(name: str) -> Response:
    return HTMLResponse(_text(name), headers={"cache-control": "no-cache"})


@cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")

"""Links between pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from documents import PAGES, ROOT

LINK = re.compile(r"\]\((?!https?://)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_files_and_headings(page: Path) -> None:
    broken = [link[0] for link in LINK.finditer(page.read_text(encoding="utf-8")) if not leads_somewhere(page, link)]

    assert broken == []


def leads_somewhere(page: Path, link: re.Match[str]) -> bool:
    target = (page.parent / link["path"]).resolve() if link["path"] else page
    return target.exists() and (link["anchor"] is None or link["anchor"] in anchors(target))


def anchors(page: Path) -> set[str]:
    """As GitHub makes them from headings: lower case, hyphens for spaces, no other punctuation."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs") for page in PAGES if page.is_relative_to(ROOT / "docs")]

    assert [str(page) for page in pages if str(page) != "README.md" and f"({page})" not in index] == []


def test_pictures_are_small() -> None:
    assert all(picture.stat().st_size < 200_000 for picture in (ROOT / "docs" / "pictures").iterdir())

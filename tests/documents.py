"""The pages of the documentation, and the blocks of code in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(r"```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`(candlewick [^`]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code on a page, and the one that follows it there."""

    page: Path
    line: int
    language: str
    text: str
    next: Block | None = None

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of a page and what the page says it prints; None where it does not say."""

    place: str
    command: str
    output: str | None = None
    json: str | None = None


@cache
def blocks(*languages: str) -> tuple[Block, ...]:
    """The blocks in these languages, page by page."""
    return tuple(block for page in PAGES for block in _blocks(page) if block.language in languages)


def _blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = [
        Block(page, text.count("\n", 0, match.start()) + 1, match["language"], match["text"])
        for match in _FENCE.finditer(text)
    ]
    return [Block(one.page, one.line, one.language, one.text, other) for one, other in pairwise(found)] + found[-1:]


@cache
def shown_commands() -> tuple[Shown, ...]:
    """Every command in a block for a shell, in the order in which a reader meets them."""
    return tuple(shown for block in blocks("sh", "console") for shown in _commands(block))


def _commands(block: Block) -> Iterator[Shown]:
    if block.language == "console":
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield Shown(block.place, command, output)
        return
    json = block.next.text if block.next and block.next.language == "json" else None
    for command in _complete_commands(block.text):
        yield Shown(block.place, command, json=json if command.startswith("curl ") else None)


def _complete_commands(text: str) -> Iterator[str]:
    """Lines, joined where a quote or a backslash leaves one open."""
    command = ""
    for line in text.splitlines():
        command += line
        if _is_open(command):
            command += "\n"
        elif command.strip():
            yield command
            command = ""
    assert not command, f"unfinished: {command}"


def _is_open(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:  # no closing quotation
        return True
    return command.endswith("\\")


def mentioned_commands() -> Iterator[tuple[str, str]]:
    """`candlewick …` in the running text of the pages, with its place."""
    for page in PAGES:
        for match in _INLINE.finditer(_FENCE.sub("", page.read_text(encoding="utf-8"))):
            yield str(page.relative_to(ROOT)), match[1]

#!/usr/bin/env python3
"""Fail if the schema breaks what the last release promised, and the changelog does not say so.

.venv/bin/python scripts/schema_changes.py              compare; exit code 1 if a breaking change is not told
.venv/bin/python scripts/schema_changes.py --release    keep today's schema as the released one

A change is told when its line, as this prints it, stands under "### Breaking" of the changelog's "Unreleased".
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path
from typing import Final

from graphql import build_schema, find_breaking_changes

ROOT: Final = Path(__file__).parents[1]
SCHEMA: Final = ROOT / "schema.graphql"
RELEASED: Final = ROOT / "docs" / "reference" / "released.graphql"
CHANGELOG: Final = ROOT / "CHANGELOG.md"


def breaking(released: str, current: str) -> list[str]:
    """What a client of the released schema may trip over, a line each."""
    found = find_breaking_changes(build_schema(released), build_schema(current))
    return sorted({change.description.rstrip(".") for change in found})


def told(changelog: str) -> str:
    """What the changelog says of breaking changes since the last release, as plain words."""
    unreleased = re.search(r"^## \[Unreleased\]$(.*?)(?=^## |\Z)", changelog, re.DOTALL | re.MULTILINE)
    section = re.search(
        r"^### Breaking$(.*?)(?=^### |\Z)", unreleased[1] if unreleased else "", re.DOTALL | re.MULTILINE
    )
    return plain(section[1]) if section else ""


def plain(text: str) -> str:
    """Without what Markdown needs: backticks and the ends of lines."""
    return " ".join(text.replace("`", "").split())


def compare(schema: Path, released: Path, changelog: Path) -> int:
    """The exit code."""
    changes = breaking(released.read_text(encoding="utf-8"), schema.read_text(encoding="utf-8"))
    said = told(changelog.read_text(encoding="utf-8"))
    silent = [change for change in changes if not re.search(rf"(?<!\w){re.escape(plain(change))}(?![\w!\]])", said)]
    if silent:
        print(
            f"{schema.name} breaks clients of the last release, and {changelog.name} does not say so.", file=sys.stderr
        )
        print("Mend the schema, or put these lines under [Unreleased], ### Breaking:", file=sys.stderr)
        print(*(f"- {change}." for change in silent), sep="\n", file=sys.stderr)
        return 1
    print(f"{schema.name} breaks nothing of the last release" + (f" but the {len(changes)} told." if changes else "."))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--release", action="store_true", help="keep today's schema as the released one")
    parser.add_argument("--schema", type=Path, default=SCHEMA)
    parser.add_argument("--released", type=Path, default=RELEASED)
    parser.add_argument("--changelog", type=Path, default=CHANGELOG)
    given = parser.parse_args()
    if given.release:
        shutil.copyfile(given.schema, given.released)
        print(f"{given.released} is the released schema now.")
        return 0
    return compare(given.schema, given.released, given.changelog)


if __name__ == "__main__":
    sys.exit(main())

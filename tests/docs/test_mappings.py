"""Every mapping on the pages can be used."""

from __future__ import annotations

import pytest

from candlewick.providers.csv.mapping import FileMapping
from documents import Block, blocks

MAPPINGS = [block for block in blocks("toml") if block.page.name in {"mapping.md", "import.md"}]


def test_there_are_mappings_to_look_at() -> None:
    assert {block.page.name for block in MAPPINGS} == {"mapping.md", "import.md"}


@pytest.mark.parametrize("block", MAPPINGS, ids=lambda block: block.place)
def test_a_mapping_on_a_page_can_be_used(block: Block) -> None:
    assert FileMapping.parse(block.text) != FileMapping()

"""Documents that something has damaged, for tests of what reads them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st

from candlewick.providers.exact_json import Number

DAMAGED: Final = settings(max_examples=int(os.environ.get("CANDLEWICK_TEST_MUTATIONS", "100")), deadline=None)
"""How many a test looks at: CANDLEWICK_TEST_MUTATIONS=10000 for a long look."""
NUMBERS = st.one_of(
    st.integers(-(10**25), 10**25),
    st.sampled_from(["0.0", "1e400", "-1e-400", "1.5", "105944.20", f"0.{'1' * 200}"]).map(Number),
)
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["NaN", "1e9", "-1", "0", "", "buy", "\ud800", "\0", "2025-11-10T00:00:00Z"]
)
JUNK: Final[st.SearchStrategy[Any]] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def mutated(value: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """The document with something in it replaced, dropped or doubled."""
    if isinstance(value, list | dict) and value and draw(st.integers(0, 4)):
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        place = draw(st.sampled_from(places))
        copy = value.copy()
        match draw(st.integers(0, 5)):
            case 0:
                del copy[place]
            case 1 if isinstance(copy, list):
                copy.insert(place, value[place])
            case _:
                copy[place] = mutated(value[place], draw)
        return copy
    return draw(JUNK)

"""What `candlewick price` and `convert` take, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import Result

Call = Callable[..., Result]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("convert", "1e5", "BTC", "EUR"), "'1e5' is no amount"),
        (("convert", "NaN", "BTC", "EUR"), "'NaN' is no amount"),
        (("price", "STOCK:BTC"), "is no asset's name"),
        (("price", "BTC", "--max-age", "P1M"), "months differ in length"),
        (("price", "BTC", "--max-age", "soon"), "write ISO 8601"),
        (("price", "BTC", "--at", "yesterday"), "is no time"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_reason(call: Call, arguments: tuple[str, ...], words: str) -> None:
    result = call(*arguments)

    assert (result.exit_code, words in " ".join(result.stderr.split())) == (2, True)

"""`candlewick build-bars`, before anything is opened: what cannot be is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import Result

Call = Callable[..., Result]
BTC = "binance:BTC-USDT"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--measure", "volume", "--threshold", "0"), "above zero"),
        (("--measure", "volume", "--threshold", "NaN"), "above zero"),
        (("--measure", "volume", "--threshold", "many"), "no number"),
        (("--measure", "tick", "--threshold", "1.5"), "ticks are counted"),
        (("--measure", "dollar", "--threshold", "1"), "dollar"),
        (("--measure", "value", "--threshold", "1", "--span", "20"), "imbalance and runs"),
        (("--measure", "value", "--threshold", "1", "--rule", "runs", "--span", "0"), "1 to 10000"),
        (("--measure", "value", "--threshold", "1", "--from", "2025", "--to", "2024"), "`to` must be after `from`"),
    ],
)
def test_what_is_no_event_bar_is_refused(call: Call, options: tuple[str, ...], words: str) -> None:
    result = call("build-bars", BTC, *options)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())

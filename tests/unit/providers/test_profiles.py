"""What each provider is said to be able to do."""

from __future__ import annotations

from typing import Any, cast

from candlewick.domain.source import SourceCapability
from candlewick.ports import Lookup
from candlewick.providers.profiles import profiles
from candlewick.providers.provider import Source
from markets import LATER
from unit.pipeline.sources import FakeDirectory, FakeHistory

CAN = SourceCapability


def capabilities(**parts: Any) -> list[SourceCapability]:
    """Of Coinbase, which has no files."""
    [found] = [each for each in profiles({"coinbase": Source("coinbase", LATER, **parts)}) if each.code == "coinbase"]
    return list(found.capabilities)


def test_a_source_can_do_what_it_has_parts_for() -> None:
    assert capabilities(trades=FakeHistory(), directory=FakeDirectory()) == [CAN.TRADES, CAN.DISCOVERY]


def test_one_that_finds_instruments_one_by_one_discovers_too() -> None:
    assert capabilities(lookup=cast("Lookup", object())) == [CAN.DISCOVERY]


def test_files_can_be_read_of_a_provider_that_is_not_asked() -> None:
    found = {each.code: list(each.capabilities) for each in profiles({})}

    assert found["binance"] == [CAN.FILES]
    assert "coinbase" not in found

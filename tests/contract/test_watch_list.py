"""The watch list, on every edition."""

from __future__ import annotations

import pytest

from candlewick.domain.errors import WatchListFull
from candlewick.domain.market import InstrumentKey
from candlewick.storage import watch
from candlewick.storage.engine import Database
from candlewick.storage.watch import StoredWatchList
from working import unique


def new_keys(count: int) -> list[InstrumentKey]:
    return [InstrumentKey("test", unique("W").replace("-", ""), "USD") for _ in range(count)]


async def on_the_list(database: Database, keys: list[InstrumentKey]) -> list[InstrumentKey]:
    """Which of the keys are."""
    return [watched.key for watched in await StoredWatchList(database).all() if watched.key in keys]


async def test_what_is_added_is_on_the_list_once_with_who_wanted_it_first(database: Database) -> None:
    keys = new_keys(2)
    await StoredWatchList(database).add(keys[:1], "cli")
    await StoredWatchList(database).add([*keys, keys[1]], "cwk_1234")

    found = {each.key: each for each in await StoredWatchList(database).all() if each.key in keys}

    assert [found[key].requested_by for key in keys] == ["cli", "cwk_1234"]
    assert not found[keys[0]].fixed


async def test_what_is_taken_off_is_gone_and_what_was_not_there_does_not_matter(database: Database) -> None:
    keys = new_keys(3)
    await StoredWatchList(database).add(keys, "cli")
    await StoredWatchList(database).remove([keys[0], *new_keys(1)])

    assert await on_the_list(database, keys) == keys[1:]


async def test_a_list_that_is_full_takes_nothing_of_what_would_be_too_much(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MOST_WATCHED", len(await StoredWatchList(database).all()) + 1)
    keys = new_keys(2)

    with pytest.raises(WatchListFull):
        await StoredWatchList(database).add(keys, "cli")

    assert await on_the_list(database, keys) == []

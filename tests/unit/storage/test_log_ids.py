"""Ids of the commit log: which were seen, which may still come, which never will."""

from __future__ import annotations

from candlewick.storage.log_ids import IdGap, SeenIds


def test_ids_without_a_gap_are_settled_at_once() -> None:
    seen = SeenIds(10)
    seen.add([11, 12])
    assert (seen.settled, seen.gaps, seen.undated) == (12, [], False)


def test_a_gap_keeps_all_that_follows_unsettled() -> None:
    seen = SeenIds(10)
    seen.add([12, 15])
    assert (seen.settled, seen.highest) == (10, 15)
    assert seen.gaps == [IdGap(11, 11), IdGap(13, 14)]


def test_a_gap_that_is_filled_is_gone() -> None:
    seen = SeenIds(0)
    seen.add([5])
    seen.add([2])
    assert seen.gaps == [IdGap(1, 1), IdGap(3, 4)]
    seen.add([1, 3, 4])
    assert seen.settled == 5


def test_a_gap_is_closed_when_all_that_could_fill_it_are_over() -> None:
    seen = SeenIds(0)
    seen.add([2])
    seen.date(100)
    seen.close(99)
    assert seen.gaps == [IdGap(1, 1, 100)]
    seen.close(100)
    assert (seen.settled, seen.gaps) == (2, [])


def test_a_gap_that_was_just_noticed_is_not_closed() -> None:
    seen = SeenIds(0)
    seen.add([2])
    seen.close(1_000)
    assert seen.undated
    assert seen.settled == 0


def test_the_rest_of_a_gap_keeps_its_date() -> None:
    seen = SeenIds(0)
    seen.add([4])
    seen.date(7)
    seen.add([2, 6])
    seen.date(9)
    assert seen.gaps == [IdGap(1, 1, 7), IdGap(3, 3, 7), IdGap(5, 5, 9)]

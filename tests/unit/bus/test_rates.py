"""A server that counts by itself."""

from __future__ import annotations

from candlewick.bus.rates import _MOST_COUNTED, LocalRates
from candlewick.domain.rate import Bucket, Rate


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def of(subject: str, requests: int = 3) -> Bucket:
    return Bucket("address", subject, Rate(requests))


def waits(rates: LocalRates, *buckets: Bucket) -> list[float]:
    return [each.wait for each in rates.spend_now(buckets)]


def test_a_bucket_gives_what_it_holds_and_then_one_at_a_time() -> None:
    clock = Clock()
    rates = LocalRates(clock)
    assert [waits(rates, of("a")) for _ in range(4)] == [[0], [0], [0], [20]]
    clock.seconds += 20
    assert [waits(rates, of("a")) for _ in range(2)] == [[0], [20]]


def test_everybody_has_a_bucket_of_their_own() -> None:
    rates = LocalRates(Clock())
    for _ in range(4):
        rates.spend_now([of("a")])
    assert waits(rates, of("b")) == [0]


def test_a_request_that_is_refused_costs_nothing_elsewhere() -> None:
    rates = LocalRates(Clock())
    rates.spend_now([of("a", 1)])
    for _ in range(5):
        assert waits(rates, of("a", 1), of("b", 1))[0] > 0
    assert waits(rates, of("b", 1)) == [0]


def test_what_is_counted_stays_bounded_and_the_busiest_are_remembered() -> None:
    rates = LocalRates(Clock())
    for _ in range(3):
        rates.spend_now([of("busy")])
    for number in range(2 * _MOST_COUNTED):
        rates.spend_now([of(str(number))])
    assert len(rates._until) <= _MOST_COUNTED
    assert waits(rates, of("busy"))[0] > 0

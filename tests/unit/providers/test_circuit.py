"""When an endpoint that fails is left alone, and when it is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from candlewick.domain.errors import SourceUnavailable
from candlewick.domain.source import CircuitState
from candlewick.providers.circuit import FAILURES, LONGEST_REST, PROBE, Circuit
from markets import FrozenClock


def opened(clock: FrozenClock, failures: int = FAILURES) -> Circuit:
    circuit = Circuit("binance", "/x", clock)
    for _ in range(failures):
        circuit.failed("oops")
    return circuit


def test_a_few_failures_keep_it_closed() -> None:
    circuit = opened(FrozenClock(), FAILURES - 1)

    circuit.admit()

    assert circuit.status.state is CircuitState.CLOSED


def test_a_success_starts_the_count_again() -> None:
    circuit = opened(FrozenClock(), FAILURES - 1)

    circuit.succeeded()
    circuit.failed("oops")

    assert (circuit.status.state, circuit.status.failures) == (CircuitState.CLOSED, 1)


def test_open_it_refuses_with_the_time_that_is_left() -> None:
    clock = FrozenClock()
    circuit = opened(clock)
    clock.moment += timedelta(seconds=2)

    with pytest.raises(SourceUnavailable, match="oops") as caught:
        circuit.admit()

    assert caught.value.retry_after == 3


def test_after_its_rest_one_alone_may_try() -> None:
    clock = FrozenClock()
    circuit = opened(clock)
    clock.moment += timedelta(seconds=5)
    circuit.admit()

    with pytest.raises(SourceUnavailable):
        circuit.admit()

    assert circuit.status.state is CircuitState.HALF_OPEN


def test_a_try_that_works_closes_it() -> None:
    clock = FrozenClock()
    circuit = opened(clock)
    clock.moment += timedelta(seconds=5)
    circuit.admit()

    circuit.succeeded()

    assert (circuit.status.state, circuit.status.reason, circuit.status.retry_at) == (CircuitState.CLOSED, None, None)


def test_a_try_that_fails_opens_it_for_longer() -> None:
    clock = FrozenClock()
    circuit = opened(clock)
    clock.moment += timedelta(seconds=5)
    circuit.admit()

    circuit.failed("again")

    assert circuit.status.retry_at == clock.moment + timedelta(seconds=10)


def test_a_try_that_is_never_heard_of_makes_room_for_another() -> None:
    clock = FrozenClock()
    circuit = opened(clock)
    clock.moment += timedelta(seconds=5)
    circuit.admit()
    clock.moment += PROBE

    circuit.admit()

    assert circuit.status.state is CircuitState.HALF_OPEN


def test_the_longest_rest_is_bounded() -> None:
    clock = FrozenClock()
    circuit = opened(clock)
    for _ in range(12):
        assert circuit.status.retry_at is not None
        clock.moment = circuit.status.retry_at
        circuit.admit()
        circuit.failed("oops")

    assert circuit.status.retry_at == clock.moment + LONGEST_REST


def test_what_was_on_its_way_when_it_opened_does_not_lengthen_the_rest() -> None:
    clock = FrozenClock()
    circuit = opened(clock)
    before = circuit.status.retry_at

    for _ in range(16):
        circuit.failed("the same cut")

    assert circuit.status.retry_at == before

"""Wherever a fault of the simulator can strike, a test says what the system does about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from candlewick.providers.simulation.faults import (
    AT_ONCE,
    OF_HANDSHAKES,
    OF_REQUESTS,
    OF_SOCKETS,
    OF_TRADES,
    Fault,
)
from integration.faults import test_archives as archives
from integration.faults import test_gaps as gaps
from integration.faults import test_rest as rest
from integration.faults import test_stream as stream

Tests = Mapping[Fault, Callable[..., Any]]

REST: Tests = {
    Fault.RATE_LIMITED: rest.test_a_long_wait_is_kept_by_every_worker_and_the_step_is_due_after_it,
    Fault.BANNED: rest.test_a_long_wait_is_kept_by_every_worker_and_the_step_is_due_after_it,
    Fault.SERVER_ERROR: rest.test_what_lasts_puts_the_step_off_and_what_was_stored_stays,
    Fault.TIMEOUT: rest.test_what_passes_is_asked_again_and_the_step_ends_whole,
    Fault.CUT: rest.test_what_lasts_puts_the_step_off_and_what_was_stored_stays,
    Fault.HTML: rest.test_what_lasts_puts_the_step_off_and_what_was_stored_stays,
    Fault.MALFORMED: rest.test_what_lasts_puts_the_step_off_and_what_was_stored_stays,
}
ARCHIVES: Tests = {
    Fault.RATE_LIMITED: archives.test_what_passes_is_asked_again_and_the_day_is_whole,
    Fault.BANNED: archives.test_a_file_that_cannot_be_had_now_is_fetched_later_and_nothing_of_it_is_stored,
    Fault.SERVER_ERROR: archives.test_what_passes_is_asked_again_and_the_day_is_whole,
    Fault.TIMEOUT: archives.test_what_passes_is_asked_again_and_the_day_is_whole,
    Fault.CUT: archives.test_a_download_that_always_breaks_off_is_put_off_and_leaves_nothing,
    Fault.HTML: archives.test_a_file_that_cannot_be_had_now_is_fetched_later_and_nothing_of_it_is_stored,
    Fault.MALFORMED: archives.test_a_file_that_cannot_be_had_now_is_fetched_later_and_nothing_of_it_is_stored,
    Fault.CORRUPT_ARCHIVE: archives.test_a_file_that_cannot_be_had_now_is_fetched_later_and_nothing_of_it_is_stored,
}
HANDSHAKES: Tests = {
    Fault.RATE_LIMITED: stream.test_a_refused_connection_keeps_every_worker_away_for_as_long_as_the_venue_says,
    Fault.BANNED: stream.test_a_refused_connection_keeps_every_worker_away_for_as_long_as_the_venue_says,
    Fault.SERVER_ERROR: stream.test_a_connection_that_is_not_let_in_is_tried_again,
    Fault.TIMEOUT: stream.test_a_connection_that_is_not_let_in_is_tried_again,
}
STREAM: Tests = {
    Fault.CUT: stream.test_what_a_lost_connection_left_out_is_fetched_by_its_ids,
    Fault.MALFORMED: stream.test_a_broken_frame_is_a_dead_letter_and_the_rest_goes_in,
    Fault.SILENT: stream.test_a_silent_stream_is_given_up_after_a_while_with_its_reason,
    Fault.DISCONNECT: stream.test_what_a_lost_connection_left_out_is_fetched_by_its_ids,
    Fault.SERVER_SHUTDOWN: stream.test_what_a_lost_connection_left_out_is_fetched_by_its_ids,
    Fault.DUPLICATE: stream.test_disorder_ends_with_every_trade_stored_once,
    Fault.SHUFFLED: stream.test_what_comes_in_another_order_is_waited_for_before_the_history_is_asked,
    Fault.LATE: stream.test_disorder_ends_with_every_trade_stored_once,
    Fault.MISSING: stream.test_disorder_ends_with_every_trade_stored_once,
    Fault.GONE: gaps.test_trades_that_are_nowhere_are_a_gap_that_is_tried_again,
    Fault.SKEWED_CLOCK: stream.test_a_skewed_clock_moves_no_trade,
}
WHERE = {
    "rest": (REST, OF_REQUESTS),
    "archives": (ARCHIVES, OF_REQUESTS),
    "handshakes": (HANDSHAKES, OF_HANDSHAKES),
    "stream": (STREAM, OF_SOCKETS | OF_TRADES | AT_ONCE),
}


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_test(fault: Fault) -> None:
    assert any(fault in tests for tests, _ in WHERE.values()), f"no test says what the system does about {fault}"


@pytest.mark.parametrize("where", WHERE)
def test_every_fault_has_a_test_wherever_it_can_strike(where: str) -> None:
    tests, strike_there = WHERE[where]

    assert strike_there <= tests.keys()

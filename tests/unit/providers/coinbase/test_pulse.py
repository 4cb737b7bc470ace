"""Heartbeats: when a stream is not to be trusted any more."""

from __future__ import annotations

from candlewick.providers.coinbase.pulse import Pulse


def test_a_heart_that_beats_is_well() -> None:
    pulse = Pulse(["BTC-USD"], 10)
    for _ in range(100):
        pulse.listened(1, "BTC-USD")

    assert pulse.stopped() is None


def test_trades_without_any_heartbeat_are_not_trusted() -> None:
    pulse = Pulse(["BTC-USD"], 10)
    for _ in range(11):
        pulse.listened(1, None)

    assert pulse.stopped() == "no heartbeat for 10 s"


def test_one_heart_that_stops_is_named_while_others_beat() -> None:
    pulse = Pulse(["BTC-USD", "ETH-USD"], 10)
    pulse.listened(0, "ETH-USD")
    for _ in range(11):
        pulse.listened(1, "BTC-USD")

    assert pulse.stopped() == "no heartbeat of ETH-USD for 10 s"


def test_a_heart_that_never_beat_is_not_waited_for() -> None:
    pulse = Pulse(["BTC-USD", "HALTED-USD"], 10)
    for _ in range(100):
        pulse.listened(1, "BTC-USD")

    assert pulse.stopped() is None


def test_a_stranger_s_heart_is_no_sign_of_life() -> None:
    pulse = Pulse(["BTC-USD"], 10)
    for _ in range(11):
        pulse.listened(1, "XYZ-USD")

    assert pulse.stopped() is not None


def test_time_in_which_nobody_listened_does_not_count() -> None:
    pulse = Pulse(["BTC-USD"], 10)
    pulse.listened(1, "BTC-USD")
    for _ in range(1_000):  # what had come while we were busy
        pulse.listened(0, None)

    assert pulse.stopped() is None

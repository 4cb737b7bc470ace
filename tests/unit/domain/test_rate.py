"""What a bucket says of itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from candlewick.domain.rate import Allowance, Bucket, Rate

BUCKET = Bucket("key", "k", Rate(60))
SECOND = 1_000_000


@pytest.mark.parametrize(
    ("ahead", "remaining", "full_in", "wait"),
    [
        (1 * SECOND, 59, 1, 0),
        (60 * SECOND, 0, 60, 0),
        (59 * SECOND + 1, 0, 59.000001, 0),
        (61 * SECOND, 0, 60, 1),
        (60 * SECOND + 1, 0, 59.000001, 0.000001),
    ],
)
def test_a_bucket_says_what_is_left_and_how_long_the_rest_takes(
    ahead: int, remaining: int, full_in: float, wait: float
) -> None:
    found = Allowance.after(BUCKET, ahead)
    assert (found.remaining, found.full_in, found.wait) == pytest.approx((remaining, full_in, wait))


def test_a_rate_of_more_than_time_can_tell_has_a_pace() -> None:
    assert Rate(10, timedelta(microseconds=1)).pace == 1

"""Reads that are tried again."""

from __future__ import annotations

import pytest
import structlog

from candlewick.domain.errors import DatabaseUnavailable, SchemaOutOfDate, ServiceError
from candlewick.graphql.live.patience import patiently


async def test_a_service_that_is_away_for_a_moment_is_asked_again() -> None:
    answers: list[ServiceError | int] = [DatabaseUnavailable("db.internal:5432", "connection refused"), 7]

    async def read() -> int:
        match answers.pop(0):
            case int(number):
                return number
            case error:
                raise error

    with structlog.testing.capture_logs() as logs:
        assert await patiently(read) == 7
    assert [entry["event"] for entry in logs] == ["live_read_failed"]


async def test_what_does_not_change_by_asking_again_is_told_at_once() -> None:
    asked = []

    async def read(what: str) -> int:
        asked.append(what)
        raise SchemaOutOfDate("0001", "0002")

    with pytest.raises(SchemaOutOfDate):
        await patiently(read, "versions")
    assert asked == ["versions"]

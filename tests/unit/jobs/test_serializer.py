"""Jobs travel as JSON."""

from __future__ import annotations

import json
import pickle

import pytest
from arq.jobs import deserialize_job, deserialize_result, serialize_job, serialize_result

from candlewick.jobs.serializer import dump_job, load_job


def test_a_job_comes_back_as_it_went() -> None:
    data = serialize_job("settle", ("binance:BTC-USDT", 3), {"days": 2}, None, 1_700_000_000_000, serializer=dump_job)
    job = deserialize_job(data, deserializer=load_job)

    assert json.loads(data)["f"] == "settle"
    assert (job.function, list(job.args), job.kwargs) == ("settle", ["binance:BTC-USDT", 3], {"days": 2})


def test_a_failure_is_kept_with_its_name_and_message_and_no_secret() -> None:
    error = ConnectionError("redis://:hunter2@localhost refused")
    data = serialize_result(
        "settle", (), {}, 1, 0, False, error, 0, 1, "ref", "queue", "id", serializer=dump_job
    )  # fmt: skip
    assert data is not None
    result = deserialize_result(data, deserializer=load_job).result

    assert result == {"error": "ConnectionError", "message": "redis://:***@localhost refused"}


def test_what_has_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="not JSON serializable: object"):
        dump_job({"a": object()})


def test_a_pickle_is_refused() -> None:
    with pytest.raises(json.JSONDecodeError):
        load_job(pickle.dumps({"f": "settle"}))

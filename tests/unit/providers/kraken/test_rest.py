"""Which error an answer with status 200 is."""

from __future__ import annotations

import orjson
import pytest

from candlewick.domain.errors import RateLimited, SourceRefused, SourceUnavailable
from candlewick.providers.kraken.rest import objection


def error(*texts: str) -> SourceUnavailable | SourceRefused | None:
    return objection(orjson.dumps({"error": list(texts), "result": {}}))


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":[],"result":{"last":"1"}}',
        b'{\n "error": [],\n "result": {}\n}',
        b'{"error":["WGeneral:Danger"],"result":{}}',
        b'{"result":{}}',
    ],
    ids=["plain", "spaced", "warning", "no error"],
)
def test_an_answer_with_a_result_is_no_error(body: bytes) -> None:
    assert objection(body) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("EGeneral:Too many requests", 5),
        ("EAPI:Rate limit exceeded", 5),
        ("EService: Throttled: 1688671969", 60),
        ("EGeneral:Temporary lockout", 900),
    ],
)
def test_asked_too_often_says_how_long_to_keep_away(text: str, seconds: float) -> None:
    found = error(text)

    assert isinstance(found, RateLimited)
    assert (found.reason, found.retry_after) == (text, seconds)


@pytest.mark.parametrize("text", ["EService:Unavailable", "EService:Busy", "EGeneral:Internal error"])
def test_trouble_on_their_side_may_pass(text: str) -> None:
    found = error(text)

    assert type(found) is SourceUnavailable
    assert found.reason == text


@pytest.mark.parametrize(
    "text",
    ["EQuery:Unknown asset pair", "EGeneral:Invalid arguments", "EGeneral:Unknown method", "EGeneral:Permission"],
)
def test_what_cannot_be_asked_is_refused(text: str) -> None:
    found = error(text)

    assert isinstance(found, SourceRefused)
    assert (found.status, found.reason) == (200, text)


def test_several_errors_are_all_said_without_warnings() -> None:
    found = error("WGeneral:Old", "EQuery:Unknown asset pair", "EGeneral:Invalid arguments")

    assert isinstance(found, SourceRefused)
    assert found.reason == "EQuery:Unknown asset pair; EGeneral:Invalid arguments"


@pytest.mark.parametrize("body", [b"[]", b"null", b"5", b'{"x":1}', b'{"error":[]}'])
def test_an_answer_of_another_shape_may_pass(body: bytes) -> None:
    assert type(objection(body)) is SourceUnavailable


@pytest.mark.parametrize("given", [b'"EService:Busy"', b'{"a":1}', b"[null,1,{}]", b'["\\u0000\\u001b[31m"]'])
def test_errors_of_another_shape_are_errors_all_the_same(given: bytes) -> None:
    found = objection(b'{"error":' + given + b',"result":{}}')

    assert found is not None
    assert found.reason.isprintable()

"""Indicators asked of workers: what goes to them and what comes back as JSON, remembered by the data's version."""

from __future__ import annotations

from hashlib import sha256
from secrets import token_hex
from typing import Any, Final

import orjson

from candlewick.bus.questions import RedisQuestions
from candlewick.domain.candle import CandleOrigin
from candlewick.domain.day import Adjustment
from candlewick.domain.errors import InvalidInput, RefusedByWorker, WorkerFailed
from candlewick.domain.hours import Hours, TimeBar
from candlewick.domain.indicator_query import IndicatorChoice, IndicatorLine, IndicatorPage, IndicatorQuery
from candlewick.domain.interval import Duration
from candlewick.domain.market import InstrumentId
from candlewick.domain.time import Window, from_microseconds, microseconds
from candlewick.ports import Versions

SUBJECT: Final = "indicators"


class RemoteIndicators:
    """The IndicatorDesk that has workers compute.

    Answers are known by the version of the instrument's data: a correction makes another version, and another question.
    A worker that reads later than we looked may know more than that version, never less.
    """

    def __init__(self, questions: RedisQuestions, versions: Versions) -> None:
        self._questions = questions
        self._versions = versions

    async def page(self, query: IndicatorQuery) -> IndicatorPage:
        """See `IndicatorDesk.page`."""
        version = (await self._versions.versions([query.instrument_id]))[query.instrument_id]
        body = dump_query(query)
        return load_answer(await self._questions.ask(key_of(query, body, version), body))


def key_of(query: IndicatorQuery, body: bytes, version: int) -> str:
    """What the question is known by.

    Sessions and factors may change without the instrument's version: such a question is like no other.
    """
    lasting = query.bar.hours.session is None and query.adjustment is Adjustment.NONE
    return sha256(b"%d %s %s" % (version, b"" if lasting else token_hex(8).encode(), body)).hexdigest()


def dump_query(query: IndicatorQuery) -> bytes:
    """The same query is always the same text."""
    return orjson.dumps(
        {
            "instrument": query.instrument_id,
            "every": str(query.bar.every),
            "zone": query.bar.hours.timezone,
            "session": query.bar.hours.session,
            "of": [[choice.name, choice.parameters] for choice in query.choices],
            "limit": query.limit,
            "window": query.window and [microseconds(query.window.start), microseconds(query.window.end)],
            "origin": query.origin,
            "adjustment": query.adjustment,
        }
    )


def load_query(body: bytes) -> IndicatorQuery:
    """What `dump_query` wrote."""
    found: dict[str, Any] = orjson.loads(body)
    window = found["window"]
    return IndicatorQuery(
        InstrumentId(found["instrument"]),
        TimeBar(Duration.parse(found["every"]), Hours(found["zone"], found["session"])),
        tuple(IndicatorChoice(name, tuple((each, value) for each, value in given)) for name, given in found["of"]),
        found["limit"],
        window and Window(*map(from_microseconds, window)),
        found["origin"] and CandleOrigin(found["origin"]),
        Adjustment(found["adjustment"]),
    )


def dump_page(page: IndicatorPage) -> bytes:
    """Values may be arrays; what is no number becomes null."""
    lines = [{"outputs": line.outputs, "stable_from": line.stable_from} for line in page.lines]
    return orjson.dumps({"open_times": page.open_times, "lines": lines}, option=orjson.OPT_SERIALIZE_NUMPY)


def dump_refusal(refusal: InvalidInput) -> bytes:
    """Why it cannot be."""
    return orjson.dumps({"refused": str(refusal), "facts": vars(refusal)}, default=str)


def dump_failure(reason: str) -> bytes:
    """Why it could not be done."""
    return orjson.dumps({"failed": reason})


def load_answer(answer: bytes) -> IndicatorPage:
    """What one of the above wrote.

    Raises:
        RefusedByWorker: it was a refusal.
        WorkerFailed: it was a failure.
    """
    found: dict[str, Any] = orjson.loads(answer)
    if "refused" in found:
        raise RefusedByWorker(found["refused"], found["facts"])
    if "failed" in found:
        raise WorkerFailed(found["failed"])
    lines = [IndicatorLine(line["outputs"], line["stable_from"]) for line in found["lines"]]
    return IndicatorPage(found["open_times"], lines)

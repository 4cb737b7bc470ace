"""Polling: every answer is kept and accounted for, and one that is bad spoils no other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from candlewick.domain.batch import Rejected
from candlewick.domain.errors import InstrumentBusy, LeaseLost, MalformedPayload, SourceRefused, SourceUnavailable
from candlewick.domain.job import Lease
from candlewick.domain.market import Instrument, InstrumentKey
from candlewick.domain.quote import Quote, QuoteLines
from candlewick.domain.raw import LetterKind, Payload, RawId
from candlewick.pipeline import polling
from candlewick.pipeline.polling import poll
from candlewick.ports import Outcome
from unit.pipeline.fakes import FakeStores
from unit.pipeline.sources import ORIGIN, FakeSource, listing


@dataclass
class FakeQuotes:
    """A QuoteSource: its payloads are JSON objects of prices by symbol; a text is no price."""

    bodies: Sequence[Any]
    asked: list[list[str]] = field(default_factory=list)
    failure: Exception | None = None

    async def pages(self, instruments: Sequence[Instrument]) -> Sequence[Payload]:
        self.asked.append([instrument.symbol for instrument in instruments])
        if self.failure is not None and len(self.asked) > 1:
            raise self.failure
        return [Payload("binance", f"/prices?page={n}", _body(body), ORIGIN) for n, body in enumerate(self.bodies)]

    def read(self, payload: Payload) -> Mapping[str, QuoteLines]:
        try:
            found = json.loads(payload.body)
        except ValueError as exc:
            raise MalformedPayload(payload.source, payload.endpoint, "it is no JSON") from exc
        return {symbol: _lines(price) for symbol, price in found.items()}


def _body(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _lines(price: Any) -> QuoteLines:
    if isinstance(price, str):
        return QuoteLines([], [Rejected(1, price, "it is no price")])
    return QuoteLines([Quote(ORIGIN, Decimal(price))])


class Scene:
    """Instruments A to E that are polled over fakes."""

    def __init__(self) -> None:
        self.fakes = FakeStores()
        self.instruments: list[Instrument] = []

    async def poll(self, quotes: FakeQuotes | None, lease: Lease | None = None) -> Outcome:
        return await poll(FakeSource(quotes=quotes), self.instruments, self.fakes.stores(), lease)

    @property
    def prices(self) -> dict[str, Decimal | None]:
        return {
            delivery.instrument.symbol: delivery.lines.quotes[0].price
            for delivery in self.fakes.quotes.deliveries
            if delivery.lines.quotes
        }


@pytest.fixture
async def scene() -> Scene:
    made = Scene()
    for base in "ABCDE":
        key = InstrumentKey("binance", base, "USD")
        made.instruments.append(await made.fakes.instruments.list_instrument(listing(key)))
    return made


async def test_every_answer_is_kept_as_received_and_its_quotes_stored(scene: Scene) -> None:
    lease = Lease("poll", 7)

    outcome = await scene.poll(FakeQuotes([{"AUSD": 1, "BUSD": 2}, {"CUSD": 3, "DUSD": 4, "EUSD": 5}]), lease)

    assert outcome == Outcome(stored=5)
    assert scene.prices == {"AUSD": 1, "BUSD": 2, "CUSD": 3, "DUSD": 4, "EUSD": 5}
    assert [json.loads(payload.body) for payload in scene.fakes.raw.payloads] == [
        {"AUSD": 1, "BUSD": 2}, {"CUSD": 3, "DUSD": 4, "EUSD": 5}
    ]  # fmt: skip
    assert {(each.raw_id, each.lease, each.received_at) for each in scene.fakes.quotes.deliveries} == {
        (RawId(1001), lease, ORIGIN), (RawId(1002), lease, ORIGIN)
    }  # fmt: skip


async def test_polling_twice_changes_nothing(scene: Scene) -> None:
    quotes = FakeQuotes([{"AUSD": 1, "BUSD": 2}])

    await scene.poll(quotes)

    assert await scene.poll(quotes) == Outcome(repeated=2)


async def test_an_answer_that_cannot_be_read_is_a_dead_letter_and_the_others_are_stored(scene: Scene) -> None:
    with pytest.raises(MalformedPayload, match="it is no JSON"):
        await scene.poll(FakeQuotes([b"<html>\x00\xff", {"AUSD": 1}]))

    assert scene.prices == {"AUSD": 1}
    (letter,) = scene.fakes.letters.kept
    assert (letter.kind, letter.subject, letter.reason, letter.raw_id) == (
        LetterKind.PAYLOAD, "/prices?page=0", "it is no JSON", RawId(1001)
    )  # fmt: skip
    assert letter.payload == "<html>\x00\\xff"
    assert len(scene.fakes.raw.payloads) == 2


async def test_instruments_that_nobody_asked_for_are_passed_over_but_not_their_bad_rows(scene: Scene) -> None:
    outcome = await scene.poll(FakeQuotes([{"AUSD": 1, "ZUSD": 9, "YUSD": "oh", "": "?"}]))

    assert outcome == Outcome(stored=1, dead=2)
    assert [(each.subject, each.kind, each.payload, each.raw_id) for each in scene.fakes.letters.kept] == [
        ("/prices YUSD", LetterKind.MALFORMED, "oh", RawId(1001)),
        ("/prices", LetterKind.MALFORMED, "?", RawId(1001)),
    ]


async def test_a_bad_row_of_an_instrument_goes_with_its_delivery(scene: Scene) -> None:
    assert await scene.poll(FakeQuotes([{"AUSD": "oh", "BUSD": 2}])) == Outcome(stored=1, dead=1)


async def test_an_instrument_that_is_busy_keeps_no_other_from_being_stored(scene: Scene) -> None:
    busy = scene.instruments[0].id
    scene.fakes.quotes.failures[busy] = InstrumentBusy(busy, 60)

    with pytest.raises(InstrumentBusy):
        await scene.poll(FakeQuotes([{"AUSD": 1, "BUSD": 2}, {"CUSD": 3}]))

    assert scene.prices == {"BUSD": 2, "CUSD": 3}


async def test_a_lost_lease_ends_it_at_once(scene: Scene) -> None:
    for instrument in scene.instruments:
        scene.fakes.quotes.failures[instrument.id] = LeaseLost("poll")

    with pytest.raises(LeaseLost):
        await scene.poll(FakeQuotes([{"AUSD": 1}, {"BUSD": 2}]))

    assert len(scene.fakes.raw.payloads) == 1


async def test_many_instruments_are_asked_for_in_groups_and_stored_in_between(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "AT_ONCE", 2)
    quotes = FakeQuotes([{"AUSD": 1, "CUSD": 3}], failure=SourceUnavailable("binance", "away"))

    with pytest.raises(SourceUnavailable):
        await scene.poll(quotes)

    assert quotes.asked == [["AUSD", "BUSD"], ["CUSD", "DUSD"]]
    assert scene.prices == {"AUSD": 1}


async def test_what_is_not_answered_is_said(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    await scene.poll(FakeQuotes([{"AUSD": 1, "BUSD": 2, "DUSD": 4}]))

    said = capsys.readouterr().out
    assert "quotes_missing" in said
    assert "binance:C-USD" in said
    assert "binance:A-USD" not in said


async def test_a_source_without_quotes_says_so(scene: Scene) -> None:
    with pytest.raises(SourceRefused, match="it has no quotes"):
        await scene.poll(None)

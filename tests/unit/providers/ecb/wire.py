"""The ECB's files and Frankfurter's answers for tests, in the shapes of their documentation, and the recordings."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from candlewick.domain.market import (
    AssetClass,
    AssetId,
    Instrument,
    InstrumentId,
    InstrumentKey,
    InstrumentStatus,
    Tape,
    VenueId,
)
from candlewick.domain.raw import Payload
from candlewick.providers.ecb.rest import HISTORY, LATEST
from recordings import recording

RECEIVED = datetime(2026, 4, 13, 15, 0, tzinfo=UTC)
HISTORIC = (
    "Date,USD,JPY,BGN,TRL,\n"
    "2026-04-13,1.1684,186.75,N/A,N/A,\n"
    "2026-04-10,1.1711,186.43,N/A,N/A,\n"
    "2004-12-31,1.3621,139.65,1.9559,1836200,\n"
)
NEWEST = "Date, USD, JPY, IDR, \n13 April 2026, 1.1684, 186.75, 20082.05, \n"
RANGE = (
    '{"amount":1.0,"base":"EUR","start_date":"2026-04-09","end_date":"2026-04-13","rates":'
    '{"2026-04-09":{"USD":1.169},"2026-04-10":{"USD":1.1711},"2026-04-13":{"USD":1.1684}}}'
)
DAY = '{"amount":1.0,"base":"EUR","date":"2026-04-10","rates":{"IDR":20020.25,"USD":1.1711}}'
RECORDS = (
    '[{"date":"2026-04-13","base":"EUR","quote":"USD","rate":1.1684},'
    '{"date":"2026-04-13","base":"EUR","quote":"IDR","rate":20082.05}]'
)


def zipped(text: str, name: str = "eurofxref-hist.csv") -> bytes:
    """A zip of one file, as the ECB packs its own."""
    body = BytesIO()
    with ZipFile(body, "w", ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return body.getvalue()


def history(text: str = HISTORIC) -> Payload:
    return Payload("ecb", HISTORY, zipped(text), RECEIVED)


def latest(text: str = NEWEST) -> Payload:
    return Payload("ecb", LATEST, zipped(text, "eurofxref.csv"), RECEIVED)


def answer(body: str, endpoint: str = "/v1/2026-04-10..2026-04-13?base=EUR&symbols=USD") -> Payload:
    return Payload("ecb", endpoint, body.encode(), RECEIVED)


def recorded_history() -> Payload:
    return Payload("ecb", HISTORY, recording("fx/ecb_eurofxref-hist.zip").read_bytes(), RECEIVED)


def instrument(currency: str = "USD") -> Instrument:
    return Instrument(
        id=InstrumentId(1),
        key=InstrumentKey("ecb", "EUR", currency),
        symbol=currency,
        venue_id=VenueId(1),
        base_id=AssetId(1),
        quote_id=AssetId(2),
        asset_class=AssetClass.FIAT,
        tape=Tape.TRADES,
        status=InstrumentStatus.TRADING,
    )

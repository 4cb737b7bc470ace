"""Every recording of the ECB is read with no cell unaccounted for, its values as they stand in the file."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from zipfile import ZipFile

from candlewick.domain.market import InstrumentStatus
from candlewick.domain.raw import Payload
from candlewick.providers.ecb import payloads
from candlewick.providers.ecb.listing import published_at
from recordings import recording
from unit.providers.ecb.wire import RECEIVED, recorded_history

ENDED = {"BGN", "CYP", "EEK", "LTL", "LVL", "MTL", "ROL", "SIT", "SKK", "HRK", "RUB", "TRL"}


def rows_of(body: bytes) -> list[list[str]]:
    with ZipFile(BytesIO(body)) as archive, archive.open(archive.namelist()[0]) as member:
        return list(csv.reader(TextIOWrapper(member, "ascii")))


def test_every_cell_of_the_history_is_a_quote_or_missing() -> None:
    payload = recorded_history()
    header, *rows = rows_of(payload.body)
    found = payloads.quotes(payload)

    assert {name for name in header[1:] if name} == set(found)
    cells = sum(len(row) - 2 for row in rows)
    missing = sum(row.count("N/A") for row in rows)
    stored = sum(len(lines.quotes) for lines in found.values())
    assert (len(rows), cells) == (6983, 6983 * 41)
    assert stored == cells - missing
    assert not any(lines.rejected for lines in found.values())


def test_every_rate_of_the_history_is_stored_digit_for_digit() -> None:
    payload = recorded_history()
    header, *rows = rows_of(payload.body)
    found = payloads.quotes(payload)
    times = [published_at(date.fromisoformat(row[0])) for row in rows]
    for at, currency in enumerate(header[1:-1], 1):
        expected = [(ts, row[at]) for ts, row in zip(times, rows, strict=True) if row[at] != "N/A"]
        assert [(quote.ts, format(quote.price or 0, "f")) for quote in found[currency].quotes] == expected


def test_the_newest_file_is_read_digit_for_digit() -> None:
    body = recording("fx/ecb_eurofxref.csv").read_bytes()
    header, row = [[cell.strip() for cell in line] for line in csv.reader(body.decode().splitlines())]
    found = payloads.quotes(Payload("ecb", "/stats/eurofxref/eurofxref.csv", body, RECEIVED))

    assert len(found) == 29
    for currency, text in zip(header[1:-1], row[1:-1], strict=True):
        [quote] = found[currency].quotes
        assert quote.price is not None
        assert (quote.ts, quote.price.as_tuple()) == (published_at(date(2026, 4, 13)), Decimal(text).as_tuple())


def test_both_files_say_the_same_of_one_day() -> None:
    newest = payloads.quotes(Payload("ecb", "/eurofxref.csv", recording("fx/ecb_eurofxref.csv").read_bytes(), RECEIVED))
    historic = payloads.quotes(recorded_history(), only=newest)
    assert {name: lines.quotes[0] for name, lines in historic.items()} == {
        name: lines.quotes[0] for name, lines in newest.items()
    }


def test_the_history_lists_all_currencies_and_which_of_them_ended() -> None:
    listings = payloads.listings(recorded_history())
    assert len(listings) == 41
    assert {each.key.quote for each in listings if each.status is InstrumentStatus.DELISTED} == ENDED
    assert {str(each.key) for each in listings} > {"ecb:EUR-USD", "ecb:EUR-SIT"}

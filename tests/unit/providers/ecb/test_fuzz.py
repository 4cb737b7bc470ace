"""Payloads that something has damaged: nothing crashes, and each rate is stored or rejected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import MalformedPayload
from candlewick.domain.raw import Payload
from candlewick.providers import exact_json
from candlewick.providers.ecb import payloads
from candlewick.providers.exact_json import written
from mutations import DAMAGED, mutated
from unit.providers.ecb.wire import DAY, HISTORIC, NEWEST, RANGE, RECEIVED, RECORDS, history, latest, zipped

CELLS = st.sampled_from(["N/A", "", "1.5", "-1", "0", "1e5", "NaN", "Infinity", "1,5", "\0", "é", "9" * 200]) | st.text(
    max_size=6
)
ENDPOINTS = ["/v1/latest?base=EUR", "/v2/rates?base=EUR&providers=ECB", "/stats/eurofxref/eurofxref-hist.zip"]


def accounted(payload: Payload) -> int:
    """How many rates and rejections there are; every text of them can be stored."""
    found = payloads.quotes(payload)
    for lines in found.values():
        for each in lines.rejected:
            assert each.text.encode("utf-8", "surrogatepass")
            assert each.reason.encode("utf-8", "surrogatepass")
    return sum(len(lines.quotes) + len(lines.rejected) for lines in found.values())


@DAMAGED
@given(
    rows=st.lists(st.lists(CELLS.filter(lambda c: "," not in c and not set(c) & set("\r\n")), min_size=2, max_size=2))
)
def test_every_cell_of_a_table_is_stored_rejected_or_missing(rows: list[list[str]]) -> None:
    text = "Date,USD,JPY,\n" + "".join(f"2024-01-{1 + at % 28:02},{a},{b},\n" for at, (a, b) in enumerate(rows))
    missing = sum(cell.strip() in {"N/A", ""} for row in rows for cell in row)
    assert accounted(history(text)) == 2 * len(rows) - missing


@DAMAGED
@given(data=st.data())
def test_a_damaged_table_is_read_or_malformed(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([HISTORIC, NEWEST]))
    start = data.draw(st.integers(0, len(text)))
    damaged = text[:start] + data.draw(st.text(max_size=5)) + text[start + data.draw(st.integers(0, 5)) :]
    for payload in (history(damaged), latest(damaged), Payload("ecb", "/x.csv", damaged.encode(), RECEIVED)):
        try:
            accounted(payload)
            payloads.listings(payload)
        except MalformedPayload:
            continue


@DAMAGED
@given(start=st.integers(0, 400), junk=st.binary(max_size=8))
def test_a_damaged_zip_is_read_or_malformed(start: int, junk: bytes) -> None:
    body = zipped(HISTORIC)
    damaged = body[: start % len(body)] + junk + body[start % len(body) + len(junk) :]
    for each in (damaged, body[: start % len(body)]):
        try:
            accounted(Payload("ecb", ENDPOINTS[2], each, RECEIVED))
        except MalformedPayload:
            continue


@DAMAGED
@given(data=st.data())
def test_a_damaged_answer_of_frankfurter_is_read_or_malformed(data: st.DataObject) -> None:
    document = mutated(exact_json.loads(data.draw(st.sampled_from([RANGE, DAY, RECORDS])).encode()), data.draw)
    endpoint = data.draw(st.sampled_from(ENDPOINTS))
    try:
        count = accounted(Payload("ecb", endpoint, written(document).encode("utf-8", "surrogatepass"), RECEIVED))
    except MalformedPayload:
        return
    if endpoint == ENDPOINTS[1] and isinstance(document, list):
        assert count == len(document)


@DAMAGED
@given(body=st.binary(max_size=200))
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_bytes_of_any_kind_are_read_or_malformed(endpoint: str, body: bytes) -> None:
    try:
        accounted(Payload("ecb", endpoint, body, RECEIVED))
    except MalformedPayload:
        return

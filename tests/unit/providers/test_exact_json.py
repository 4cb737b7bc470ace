"""JSON numbers keep the text they were written with."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.providers import exact_json
from candlewick.providers.exact import Unreadable
from candlewick.providers.exact_json import NotJson, Number


@pytest.mark.parametrize("text", ["105944.20", "0.00027625", "1762795473.9373446", "1e-8", "1.50E+3", "-0.0"])
def test_a_fraction_keeps_its_text(text: str) -> None:
    (value,) = exact_json.loads(f"[{text}]".encode())

    assert (type(value), value) == (Number, text)


def test_a_whole_number_beyond_53_bits_is_exact() -> None:
    assert exact_json.loads(b"1762820035982277754") == 1_762_820_035_982_277_754


def test_a_text_is_told_from_a_number() -> None:
    found = exact_json.loads(b'["1.5", 1.5]')

    assert list(map(type, found)) == [str, Number]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[NaN]",
        b"[-Infinity]",
        b"\xff",
        b"[1,]",
        b"\xef\xbb\xbf1",
        b"[" * 100_000,
        b"1" * 5000,
        b'"\\ud800"',
        b'{"\\uDFFF":1}',
    ],
    ids=["empty", "open", "nan", "infinity", "no utf-8", "comma", "bom", "deep", "long", "half", "half in a name"],
)
def test_what_no_provider_writes_is_no_json(body: bytes) -> None:
    with pytest.raises(NotJson):
        exact_json.loads(body)


@pytest.mark.parametrize("text", ['{"a":[1.20,-7,"x",true,null]}', '"\\ud83d\\ude00\\u0000"', "{}", "[]"])
def test_a_document_is_written_as_it_was(text: str) -> None:
    assert exact_json.written(exact_json.loads(text.encode())) == text


TEXTS = st.text(st.characters(codec="utf-8"))
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)


@given(DOCUMENTS)
def test_any_document_comes_back_equal(document: Any) -> None:
    assert json.loads(exact_json.written(exact_json.loads(json.dumps(document).encode()))) == document


def test_a_number_becomes_exact() -> None:
    assert [exact_json.number(each, "price") for each in (Number("105944.20"), 7)] == [Decimal("105944.20"), Decimal(7)]


@pytest.mark.parametrize("value", ["1.5", None, True, [], Number("1e9999")])
def test_what_is_no_number_says_so(value: object) -> None:
    with pytest.raises(Unreadable, match="price"):
        exact_json.number(value, "price")

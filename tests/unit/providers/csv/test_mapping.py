"""Mappings: what can be said in one, and what is wrong with those that cannot be used."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.domain.errors import InvalidMapping
from candlewick.domain.market import AssetClass, DataKind, Tape
from candlewick.providers.csv.columns import Column
from candlewick.providers.csv.mapping import FileMapping, SideRule, TimeRule, TimeUnit, written

EVERYTHING = """
kind = "trades"
delimiter = ";"
decimal = ","
header = true
skip_lines = 2
max_rejected = 0.02

[columns]
time = "Zeit"
price = 3
id = false

[time]
unit = "ms"
zone = "America/New_York"
midnight_of = 2013-10-08

[scale]
price = "0.0001"
size = 100

[side]
buy = ["B", "Kauf"]
sell = "V"
maker = true

[instrument]
base_class = "equity"
quote_class = "FIAT"
symbol = "spy"
tape = "aggregated"
"""


def test_a_mapping_says_all_that_there_is_to_say() -> None:
    mapping = FileMapping.parse(EVERYTHING)

    assert mapping == FileMapping(
        kind=DataKind.TRADES,
        delimiter=";",
        decimal=",",
        header=True,
        skip_lines=2,
        max_rejected=Decimal("0.02"),
        columns={Column.TIME: "Zeit", Column.PRICE: 3, Column.ID: False},
        time=TimeRule(TimeUnit.MILLISECONDS, None, "America/New_York", date(2013, 10, 8)),
        scale={Column.PRICE: Decimal("0.0001"), Column.SIZE: Decimal(100)},
        side=SideRule(("b", "kauf"), ("v",), maker=True),
        tape=Tape.AGGREGATED,
        base_class=AssetClass.EQUITY,
        quote_class=AssetClass.FIAT,
        symbol="spy",
    )


def test_nothing_said_is_a_mapping_too() -> None:
    assert FileMapping.parse("") == FileMapping()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kind = ", "it is no TOML"),
        ("knid = 'trades'", "`knid` is not known here; known are kind, delimiter"),
        ("kind = 'ticks'", "`kind` is one of 'trades', 'candles', 'quotes', 'days', not 'ticks'"),
        ("delimiter = '--'", "`delimiter` is one of"),
        ('decimal = "\'"', "`decimal` is one of"),
        ("header = 1", "`header` is true or false, not 1"),
        ("skip_lines = -1", "`skip_lines` is a whole number"),
        ("max_rejected = 1.5", "`max_rejected` is a share from 0 to 1"),
        ("max_rejected = nan", "`max_rejected` is a number"),
        ("columns = 5", "`columns` is a table"),
        ("columns.price = 0", "`columns` has 'price', which is a column's name or its number from 1, not 0"),
        ("columns.prize = 1", "`columns` has no 'prize': columns can be time"),
        ("columns = {price = 1, size = 1}", "`columns` gives one column two meanings"),
        ("kind = 'trades'\ncolumns.bid = 1", "`columns` has 'bid', which trades do not have"),
        ("time.unit = 'm'", "`time.unit` is one of 's', 'ms', 'us', 'ns', not 'm'"),
        ("time.zone = 'New York'", "`time.zone` is a zone of the tz database"),
        ("time.zone = '../../etc/passwd'", "`time.zone` is a zone of the tz database"),
        ("time.format = '%H:%M %'", "`time.format` is no format"),
        ("time = {unit = 's', format = '%Y'}", "`time` has both a format and a unit"),
        ("time.midnight_of = '2013-10-08'", "`time.midnight_of` needs `time.unit` and `time.zone`"),
        ("time.midnight_of = 'yesterday'", "`time.midnight_of` is a date like 2013-10-08, or 'name'"),
        ("scale.price = 0", "`scale` has 'price', which is a factor above zero"),
        ("scale.price = '1e99'", "`scale` has 'price', which is a factor above zero"),
        ("scale.id = 10", "`scale` has no 'id'"),
        ("side.buy = []", "`side.buy` is a list of texts"),
        ("side = {buy = 'x', sell = 'X'}", "`side` has 'x' both under buy and under sell"),
        ("decimal = ','\ndelimiter = ','", "`delimiter` and `decimal` are both ','"),
        ("instrument.base_class = 'SHARE'", "`instrument.base_class` is one of 'crypto'"),
        ("#" + "x" * 70_000, "longer than"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said(text: str, reason: str) -> None:
    with pytest.raises(InvalidMapping) as refusal:
        FileMapping.parse(text)
    assert refusal.value.reason.startswith(reason) or reason in refusal.value.reason


def test_what_is_said_beside_a_mapping_joins_it() -> None:
    mapping = FileMapping.given("decimal = ','", kind=DataKind.DAYS, base_class=AssetClass.INDEX)
    assert (mapping.decimal, mapping.kind, mapping.base_class) == (",", DataKind.DAYS, AssetClass.INDEX)


def test_what_is_said_beside_a_mapping_must_not_contradict_it() -> None:
    with pytest.raises(InvalidMapping, match="its kind is trades, but days was asked for"):
        FileMapping.given("kind = 'trades'", kind=DataKind.DAYS)


def test_a_mapping_has_one_digest_however_it_is_written() -> None:
    first = FileMapping.parse("kind = 'days'\ncolumns = {time = 1, close = 2}\nscale.close = 0.10")
    second = FileMapping.parse("scale.close = '0.1'\n[columns]\nclose = 2\ntime = 1\n[kind]".replace("[kind]", ""))
    assert first.digest != second.digest
    assert FileMapping.given("scale.close = '0.1'\n[columns]\nclose = 2\ntime = 1", kind=DataKind.DAYS).digest == (
        first.digest
    )


@given(st.text(max_size=200))
def test_any_text_is_a_mapping_or_none(text: str) -> None:
    with suppress(InvalidMapping):
        assert FileMapping.parse(text).digest


@pytest.mark.parametrize(
    "text", [EVERYTHING, "", "delimiter = 'tab'\ntime.format = '%d.%m. \"%Y\" \\ %H:%M'\nside.maker = true"]
)
def test_a_mapping_is_read_again_from_what_it_is_written_as(text: str) -> None:
    mapping = FileMapping.parse(text)
    assert FileMapping.parse(written(mapping)) == mapping


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), st.integers(1, 1000))
def test_any_name_of_a_column_is_written(name: str, number: int) -> None:
    places: dict[Column, str | int] = {Column.TIME: name, Column.PRICE: number, Column.ID: False}
    mapping = FileMapping(columns=places, symbol=name)
    if name.strip() and "\0" not in name:
        assert FileMapping.parse(written(mapping)) == mapping

"""Tables that something has damaged: nothing crashes, and each row is read or rejected with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from candlewick.domain.batch import Rejected
from candlewick.domain.day import DayLines
from candlewick.domain.errors import CandlewickError
from candlewick.domain.market import DataKind
from candlewick.domain.quote import QuoteLines
from candlewick.domain.raw import ArchiveContents, CandleLines, TradeLines
from candlewick.providers.csv.archive import CsvFiles
from mutations import DAMAGED
from tables import files, trade_table, write

SETTINGS = settings(
    DAMAGED, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
TABLES = {
    "trades": trade_table(6),
    "numbered": "ts;qty;px\n" + "".join(f"17231094{n:02d}123;0.5;100.{n}\n" for n in range(6)),
    "candles": "timestamp,open,high,low,close,volume\n"
    + "".join(f"{1723075200 + n * 60},1,2,0.5,1.5,{n}\n" for n in range(6)),
    "quotes": "time,bid,ask\n" + "".join(f"2024-08-08 09:30:{n:02d}Z,1.1{n},1.2{n}\n" for n in range(6)),
    "days": "Date,Open,High,Low,Close,Volume\n" + "".join(f"2024-08-{n + 1:02d},1,3,1,2,{n}\n" for n in range(6)),
    "factors": "date,price_factor,split_factor\n" + "".join(f"2024-08-{n + 1:02d},0.9{n},1\n" for n in range(6)),
}
PIECES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        [",", ";", "\n", "\r", '"', "\0", "=", "+1", "@A1", "-", "1e400", "NaN", "9" * 40, "1.5", "0", "buy", "\ufeff",
         "2024-02-30", "Infinity", "\U0001d7d9", "٣", "1_0", " ", "null", "0x1"]
    ),
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, table: str) -> bytes:
    """The table with up to four pieces of it cut out, doubled or replaced; now and then with bytes that are no text."""
    text = table
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 30)))
        piece = draw(PIECES | st.just(text[start:end] * 2))
        text = text[:start] + piece + text[end:]
    body = text.encode("utf-8", "surrogatepass")
    return body + draw(st.sampled_from([b"", b"", b"", b"\xff\xfe", b"\xfc\n"]))


def rows_of(source: CsvFiles, path: Path, contents: ArchiveContents) -> tuple[int, list[Rejected], int]:
    """How many rows were read, those that were not, and the last line."""
    counts, rejected, last_line = [0], list[Rejected](), 0
    readers: list[Iterable[TradeLines | CandleLines | QuoteLines | DayLines]]
    match contents.kind:
        case DataKind.TRADES:
            readers = [source.trades(path, contents)]
        case DataKind.CANDLES:
            readers = [source.candles(path, contents)]
        case DataKind.QUOTES:
            readers = [source.quotes(path, contents)]
        case DataKind.DAYS:
            readers = [source.days(path, contents)]
    for lines in readers[0]:
        counts.append(size_of(lines))
        rejected += lines.rejected
        last_line = lines.last_line
    return sum(counts), rejected, last_line


def size_of(lines: TradeLines | CandleLines | QuoteLines | DayLines) -> int:
    match lines:
        case TradeLines():
            return len(lines.trades)
        case CandleLines():
            return len(lines.candles)
        case QuoteLines():
            return len(lines.quotes)
        case DayLines():
            return max(len(lines.candles), len(lines.factors))


def contents_of(source: CsvFiles, path: Path) -> ArchiveContents | None:
    """None if it is refused, which has a reason."""
    try:
        return source.inspect(path)
    except CandlewickError as refusal:
        return None if str(refusal) else pytest.fail("a refusal that does not say why")


@pytest.mark.parametrize("name", TABLES)
@SETTINGS
@given(data=st.data())
def test_a_damaged_table_is_read_or_refused(tmp_path: Path, name: str, data: st.DataObject) -> None:
    body = data.draw(mutated(TABLES[name]))
    source = files("max_rejected = 1", block_bytes=64)
    path = write(tmp_path, body)
    contents = contents_of(source, path)
    if contents is not None:
        read, rejected, last_line = rows_of(source, path, contents)
        told = [line for line in body.decode().removeprefix("\ufeff").split("\n") if line.strip()]
        assert read + len(rejected) in {len(told), len(told) - 1}
        assert all(row.reason.encode() for row in rejected)
        assert last_line == contents.lines


@SETTINGS
@given(body=st.binary(max_size=300))
def test_bytes_of_any_kind_are_refused_or_read(tmp_path: Path, body: bytes) -> None:
    contents_of(files("max_rejected = 1"), write(tmp_path, body))
